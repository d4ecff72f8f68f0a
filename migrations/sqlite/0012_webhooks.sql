-- Where a library's systems want to be told of events.
create table webhook (
    id             blob primary key,
    library        text not null,
    url            text not null,
    kinds          text not null,           -- types of events, comma separated; '' is all of them
    note           text not null,           -- what people call it
    secret         blob not null,           -- sealed
    old_secret     blob,                    -- sealed; the one before, which signs as well until old_until
    old_until      integer,
    created_at     integer not null,
    failing_since  integer,                 -- the first failure since the last success
    off_since      integer,
    off_why        text,                    -- 'failing', 'gone' or 'by_hand'; what fails is kept for it all the same
    staff_told     integer not null         -- 0 while staff have still to hear that it is off
) strict;
create index webhook_of_library on webhook (library);
create index webhook_listening on webhook (library) where off_why is null or off_why = 'failing';
create index webhook_untold on webhook (id) where staff_told = 0;

-- Events on their way to a webhook, and what became of them lately.
create table webhook_delivery (
    id           blob primary key,
    webhook      blob not null,
    library      text not null,
    kind         text not null,
    body         text not null,
    at           integer not null,          -- when it happened
    due_at       integer,                   -- null: delivered, or given up
    attempts     integer not null,
    base         integer not null,          -- attempts before it was last replayed
    state        text not null,             -- 'waiting', 'delivered' or 'given_up'
    answer       integer,                   -- the HTTP status of the last try
    why          text,                      -- why the last try failed
    tried_at     integer
) strict;
create index webhook_delivery_due on webhook_delivery (webhook, due_at) where due_at is not null;
create index webhook_delivery_log on webhook_delivery (webhook, id);
create index webhook_delivery_at on webhook_delivery (at);
