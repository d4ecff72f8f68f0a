-- What receivers reported about a domain: each report once. The library '' is the shared domain's.
create table report (
    library      text collate "C" not null,
    domain       text collate "C" not null,
    reporter     text collate "C" not null,
    id           text collate "C" not null,            -- the reporter's own
    kind         text collate "C" not null,            -- 'aggregate', 'tls' or 'failure'
    begin_at     bigint not null,
    end_at       bigint not null,
    received_at  bigint not null,
    primary key (library, domain, reporter, kind, id)
);

-- Who sent mail in the name of a domain, by day.
create table report_source (
    library   text collate "C" not null,
    domain    text collate "C" not null,
    source    text collate "C" not null,               -- an IP address; '' sums up those beyond the bound
    day       bigint not null,            -- days since 1970
    messages  bigint not null,
    passed    bigint not null,            -- with an aligned check
    refused   bigint not null,            -- rejected or put into quarantine
    primary key (library, domain, source, day)
);

-- How TLS went for those who wanted to hand mail to a domain, by day.
create table report_tls (
    library   text collate "C" not null,
    domain    text collate "C" not null,
    kind      text collate "C" not null,               -- '' went well, else RFC 8460's word for what failed
    day       bigint not null,
    sessions  bigint not null,
    primary key (library, domain, kind, day)
);
