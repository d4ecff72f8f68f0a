-- Relays that a person has taken out of use for a while.
create table relay_drain (
    host     text collate "C" primary key,
    since    bigint not null,
    by_whom  text collate "C" not null
);

-- What was found about each relay when its machine looked last.
create table relay_look (
    host      text collate "C" primary key,
    at        bigint not null,
    findings  text collate "C" not null                  -- JSON
);
