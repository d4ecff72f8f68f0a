-- Relays that a person has taken out of use for a while.
create table relay_drain (
    host     text primary key,
    since    integer not null,
    by_whom  text not null
) strict, without rowid;

-- What was found about each relay when its machine looked last.
create table relay_look (
    host      text primary key,
    at        integer not null,
    findings  text not null                  -- JSON
) strict, without rowid;
