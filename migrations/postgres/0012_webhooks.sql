-- Where a library's systems want to be told of events.
create table webhook (
    id             bytea primary key,
    library        text collate "C" not null,
    url            text collate "C" not null,
    kinds          text collate "C" not null,           -- types of events, comma separated; '' is all of them
    note           text collate "C" not null,           -- what people call it
    secret         bytea not null,           -- sealed
    old_secret     bytea,                    -- sealed; the one before, which signs as well until old_until
    old_until      bigint,
    created_at     bigint not null,
    failing_since  bigint,                 -- the first failure since the last success
    off_since      bigint,
    off_why        text collate "C",        -- 'failing', 'gone' or 'by_hand'; what fails is kept for it all the same
    staff_told     bigint not null         -- 0 while staff have still to hear that it is off
);
create index webhook_of_library on webhook (library);
create index webhook_listening on webhook (library) where off_why is null or off_why = 'failing';
create index webhook_untold on webhook (id) where staff_told = 0;

-- Events on their way to a webhook, and what became of them lately.
create table webhook_delivery (
    id           bytea primary key,
    webhook      bytea not null,
    library      text collate "C" not null,
    kind         text collate "C" not null,
    body         text collate "C" not null,
    at           bigint not null,          -- when it happened
    due_at       bigint,                   -- null: delivered, or given up
    attempts     bigint not null,
    base         bigint not null,          -- attempts before it was last replayed
    state        text collate "C" not null,             -- 'waiting', 'delivered' or 'given_up'
    answer       bigint,                   -- the HTTP status of the last try
    why          text collate "C",                      -- why the last try failed
    tried_at     bigint
);
create index webhook_delivery_due on webhook_delivery (webhook, due_at) where due_at is not null;
create index webhook_delivery_log on webhook_delivery (webhook, id);
create index webhook_delivery_at on webhook_delivery (at);
