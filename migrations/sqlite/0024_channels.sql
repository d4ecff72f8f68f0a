-- A message leaves by one channel; address is an address of that channel.
alter table message add column channel text not null default 'mail';
-- What is tried next, JSON; null: nothing is.
alter table message add column rungs text;
-- When the next is tried although this one still waits; null: only when it has failed.
alter table message add column climb_at integer;
create index message_climbs on message (state, climb_at) where rungs is not null;
create index message_beside_mail on message (address, id) where channel <> 'mail';

-- What a gateway calls each part of a text message, so that its receipt finds it.
create table text_part (
    gateway     text not null,
    gateway_id  text not null,
    library     text not null,
    message     blob not null,
    at          integer not null,
    receipt     text,                      -- what was said of it: 'delivered', 'failed'; null: nothing for good yet
    primary key (gateway, gateway_id)
) strict;
create index text_part_of_message on text_part (message);
create index text_part_at on text_part (at);

-- Whether a telephone may be texted, with when and how that was said. The library '' is all of them: who writes STOP does not know
-- that many libraries share a number.
create table consent (
    library  text not null,
    address  text not null,
    given    integer not null,             -- 1: yes, 0: no
    at       integer not null,
    how      text not null,                -- 'event', 'staff', 'text', 'patron', 'gateway'
    by_whom  text not null,
    primary key (library, address)
) strict;

-- Each text message that came in, once.
create table text_in (
    gateway     text not null,
    gateway_id  text not null,
    library     text not null,             -- whose number it was written to; '' where that is not known
    writer      text not null,             -- the number it came from
    at          integer not null,
    primary key (gateway, gateway_id)
) strict;
create index text_in_of_writer on text_in (writer, at);
create index text_in_at on text_in (at);

-- What a library knows of its patrons, by its own numbers for them.
create table patron (
    library     text not null,
    number      text not null,
    record      text not null,             -- JSON
    changed_at  integer not null,
    primary key (library, number)
) strict;
