-- Addresses a library no longer writes to. One row for each time that was so; the open one counts.
create table do_not_send (
    library     text not null,
    address     text not null,             -- in small letters
    cause       text not null,
    reply       text not null,             -- what was said, masked; or what the person gave as reason
    message     blob,                      -- the message it was said of
    by_whom     text not null,
    since       integer not null,
    probe_at    integer,                   -- from then on one message may try; null: only a person may end it
    probe       blob,                      -- the message that tries
    ended_at    integer,
    ended_by    text,
    ended_why   text,
    primary key (library, address, since)
) strict;
create unique index do_not_send_open on do_not_send (library, address) where ended_at is null;

-- Refusals that stop an address only when they come again.
create table address_refusal (
    library     text not null,
    address     text not null,             -- in small letters
    message     blob not null,
    cause       text not null,
    at          integer not null,
    primary key (library, address, message)
) strict;
create index address_refusal_at on address_refusal (at);

-- Messages that did not arrive and that somebody has seen to.
create table seen_to (
    library     text not null,
    message     blob not null,
    how         text not null,             -- 'again', 'phone', 'text', 'letter', 'in_person', 'other'
    again       blob,                      -- the message that repeats it
    by_whom     text not null,
    note        text not null,
    at          integer not null,
    primary key (library, message)
) strict;
create index message_unreached on message (library, id) where state in ('failed', 'suppressed');

-- Receivers that asked us to stay away for a while.
create table receiver_hold (
    relay       text not null,
    site        text not null,             -- its mail hosts
    provider    text not null,
    cause       text not null,
    reply       text not null,             -- masked
    since       integer not null,
    until       integer not null,
    times       integer not null,          -- in a row
    primary key (relay, site)
) strict;
