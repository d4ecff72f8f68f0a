-- Erasing, as people watch it: what was asked for and by whom, how far it has come. Nothing here says which patron it is about.
create table erasure (
    id          bytea primary key,
    library     text collate "C" not null,
    what        text collate "C" not null,              -- 'patron', or 'retention': what has served its time
    by_whom     text collate "C" not null,              -- who asked for it; '' where its time had come
    asked_at    bigint not null,
    due_at      bigint,                    -- when its next slice is erased, and the lease of whoever is at it; null: it is over
    changed_at  bigint not null,           -- when its last slice was erased
    ended_at    bigint,
    events      bigint not null default 0, -- erased so far
    messages    bigint not null default 0,
    talks       bigint not null default 0, -- messages of which what servers said was erased
    cancelled   bigint not null default 0, -- messages that waited and were taken back
    beside      bigint not null default 0, -- contact details, choices, consents, devices
    failed      bigint not null default 0  -- how often in a row it could not go on
);
create index erasure_due on erasure (due_at) where due_at is not null;
create index erasure_of_library on erasure (library, id);
create unique index erasure_of_time on erasure (library) where what = 'retention' and ended_at is null;

-- Whose events are being erased. From the first moment on nothing of them is shown or sent; once the last is erased, the row is too.
create table erasing (
    library  text collate "C" not null,
    patron   text collate "C" not null,                 -- as the events have it
    upto     bytea not null,                 -- the last of these events: what is told later is of somebody new
    erasure  bytea not null,
    is_own   bigint not null,              -- 1: what was asked for; 0: an address that led to more of theirs
    primary key (library, patron)
);
create index erasing_of_erasure on erasing (erasure);

-- That a patron was erased, so that what opened their page opens nothing of whoever has the number after them. A keyed hash, kept as
-- long as such a pass may last.
create table patron_gone (
    library  text collate "C" not null,
    mark     bytea not null,
    at       bigint not null,
    primary key (library, mark)
);
create index patron_gone_at on patron_gone (at);
