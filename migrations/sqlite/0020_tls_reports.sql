-- How TLS went with receivers, a day at a time, until its domain was told of it (RFC 8460).
create table tls_session (
    domain    text not null,
    day       integer not null,             -- days since 1970
    policy    text not null,                -- what the domain asked for, JSON
    result    text not null,                -- '' went well, else RFC 8460's word for what failed
    host      text not null,                -- '' where it went well, as the next
    source    text not null,
    sessions  integer not null,
    primary key (domain, day, policy, result, host, source)
) strict, without rowid;

-- Days of domains that are to be told.
create table tls_telling (
    domain    text not null,
    day       integer not null,
    due_at    integer not null,
    attempts  integer not null,
    primary key (domain, day)
) strict, without rowid;
