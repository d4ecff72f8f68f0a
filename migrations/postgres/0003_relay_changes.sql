-- What changed about the relays that we publish, in order: whoever permits our addresses reads it as a feed.
create table relay_change (
    at           bigint not null,
    n            bigint not null,         -- order within one moment
    region       text collate "C" not null,
    host         text collate "C" not null,
    address      text collate "C",                     -- null: the host sends from whatever address its system chooses
    change       text collate "C" not null,            -- 'planned', 'added' or 'removed'
    planned_for  text collate "C",                     -- the day, for 'planned'
    primary key (at, n)
);
