-- How TLS went with receivers, a day at a time, until its domain was told of it (RFC 8460).
create table tls_session (
    domain    text collate "C" not null,
    day       bigint not null,             -- days since 1970
    policy    text collate "C" not null,                -- what the domain asked for, JSON
    result    text collate "C" not null,                -- '' went well, else RFC 8460's word for what failed
    host      text collate "C" not null,                -- '' where it went well, as the next
    source    text collate "C" not null,
    sessions  bigint not null,
    primary key (domain, day, policy, result, host, source)
);

-- Days of domains that are to be told.
create table tls_telling (
    domain    text collate "C" not null,
    day       bigint not null,
    due_at    bigint not null,
    attempts  bigint not null,
    primary key (domain, day)
);
