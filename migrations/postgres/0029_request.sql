-- What is known of a request from all that was told of it, and when its dates ask for the next look.
create table request (
    library       text collate "C" not null,
    request       text collate "C" not null,
    life          text collate "C" not null,      -- JSON: what was told, in the order in which it happened
    facts         text collate "C" not null,      -- JSON: patron and item, the newest that was told of each
    planned_from  bigint not null,      -- reminders before this time are not made
    next_at       bigint,               -- null: no reminder is ahead
    changed_at    bigint not null,      -- when it was last told of
    primary key (library, request)
);
create index request_next on request (next_at) where next_at is not null;

-- By which settings a library's reminders were planned.
create table planned (
    library   text collate "C" primary key,
    settings  text collate "C" not null           -- JSON
);
