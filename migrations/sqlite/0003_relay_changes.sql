-- What changed about the relays that we publish, in order: whoever permits our addresses reads it as a feed.
create table relay_change (
    at           integer not null,
    n            integer not null,         -- order within one moment
    region       text not null,
    host         text not null,
    address      text,                     -- null: the host sends from whatever address its system chooses
    change       text not null,            -- 'planned', 'added' or 'removed'
    planned_for  text,                     -- the day, for 'planned'
    primary key (at, n)
) strict, without rowid;
