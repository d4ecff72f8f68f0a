-- Erasing, as people watch it: what was asked for and by whom, how far it has come. Nothing here says which patron it is about.
create table erasure (
    id          blob primary key,
    library     text not null,
    what        text not null,              -- 'patron', or 'retention': what has served its time
    by_whom     text not null,              -- who asked for it; '' where its time had come
    asked_at    integer not null,
    due_at      integer,                    -- when its next slice is erased, and the lease of whoever is at it; null: it is over
    changed_at  integer not null,           -- when its last slice was erased
    ended_at    integer,
    events      integer not null default 0, -- erased so far
    messages    integer not null default 0,
    talks       integer not null default 0, -- messages of which what servers said was erased
    cancelled   integer not null default 0, -- messages that waited and were taken back
    beside      integer not null default 0, -- contact details, choices, consents, devices
    failed      integer not null default 0  -- how often in a row it could not go on
) strict;
create index erasure_due on erasure (due_at) where due_at is not null;
create index erasure_of_library on erasure (library, id);
create unique index erasure_of_time on erasure (library) where what = 'retention' and ended_at is null;

-- Whose events are being erased. From the first moment on nothing of them is shown or sent; once the last is erased, the row is too.
create table erasing (
    library  text not null,
    patron   text not null,                 -- as the events have it
    upto     blob not null,                 -- the last of these events: what is told later is of somebody new
    erasure  blob not null,
    is_own   integer not null,              -- 1: what was asked for; 0: an address that led to more of theirs
    primary key (library, patron)
) strict;
create index erasing_of_erasure on erasing (erasure);

-- That a patron was erased, so that what opened their page opens nothing of whoever has the number after them. A keyed hash, kept as
-- long as such a pass may last.
create table patron_gone (
    library  text not null,
    mark     blob not null,
    at       integer not null,
    primary key (library, mark)
) strict;
create index patron_gone_at on patron_gone (at);
