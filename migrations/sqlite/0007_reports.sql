-- What receivers reported about a domain: each report once. The library '' is the shared domain's.
create table report (
    library      text not null,
    domain       text not null,
    reporter     text not null,
    id           text not null,            -- the reporter's own
    kind         text not null,            -- 'aggregate', 'tls' or 'failure'
    begin_at     integer not null,
    end_at       integer not null,
    received_at  integer not null,
    primary key (library, domain, reporter, kind, id)
) strict;

-- Who sent mail in the name of a domain, by day.
create table report_source (
    library   text not null,
    domain    text not null,
    source    text not null,               -- an IP address; '' sums up those beyond the bound
    day       integer not null,            -- days since 1970
    messages  integer not null,
    passed    integer not null,            -- with an aligned check
    refused   integer not null,            -- rejected or put into quarantine
    primary key (library, domain, source, day)
) strict;

-- How TLS went for those who wanted to hand mail to a domain, by day.
create table report_tls (
    library   text not null,
    domain    text not null,
    kind      text not null,               -- '' went well, else RFC 8460's word for what failed
    day       integer not null,
    sessions  integer not null,
    primary key (library, domain, kind, day)
) strict;
