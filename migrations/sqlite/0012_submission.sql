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

-- How TLS went at receivers, by day: what reports to them are made of.
create table tls_session (
    day          integer not null,         -- days since 1970
    domain       text not null,            -- of the recipients
    policy_type  text not null,            -- 'tlsa', 'sts' or 'no-policy-found'
    policy       text not null,            -- its lines
    host         text not null,
    source       text not null,            -- our address
    result       text not null,            -- 'ok' or the name of a failure
    sessions     integer not null,
    primary key (day, domain, policy_type, host, source, result)
) strict, without rowid;
