-- Mail that a library's own system handed in, as it came: what its messages are written from.
create table submitted (
    event        blob primary key,
    library      text not null,
    mail         blob not null,
    received_at  integer not null
) strict, without rowid;
create index submitted_at on submitted (received_at);

-- 'all' for everything a key of its library may do, 'submit' for handing in mail alone.
alter table api_key add column scope text not null default 'all';

-- What domains said of TLS at their mail hosts (MTA-STS): as fetched, kept for as long as they asked.
create table sts_policy (
    domain      text primary key,
    id          text not null,
    policy      text not null,
    expires_at  integer not null
) strict;
