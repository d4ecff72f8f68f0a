-- Processes that share this database. Whoever does not say in time that it lives has nothing under way any more.
create table process (
    id           blob primary key,
    name         text not null,            -- its machine's, for people
    alive_until  integer not null          -- by the database's own clock
) strict;

-- Who has a message under way, or had it last.
alter table message add column claimed_by blob;
create index message_under_way on message (claimed_by) where state = 'sending';

-- What processes keep in memory, and how often it has changed: whoever sees another number reads it again.
create table changed (
    subject  text primary key,
    times    integer not null
) strict;
