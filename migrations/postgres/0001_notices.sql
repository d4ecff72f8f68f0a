-- Times are microseconds since 1970, ids 16 octets, flags 0 or 1. Every table that belongs to a library has it.

create table library (
    library     text collate "C" primary key,
    record      text collate "C" not null,             -- the Participant Record, JSON
    changed_at  bigint not null
);

-- Who changed a Participant Record, and from what.
create table library_change (
    library     text collate "C" not null,
    at          bigint not null,
    by_whom     text collate "C" not null,
    was         text collate "C",                      -- JSON; null when the library was new
    primary key (library, at)
);

create table api_key (
    id           bytea primary key,
    library      text collate "C",                     -- null: the whole consortium
    name         text collate "C" not null,
    secret_hash  bytea not null unique,     -- SHA-256 of the secret, which is shown once and not kept
    shown        text collate "C" not null,            -- its first letters, to tell keys apart
    created_at   bigint not null,
    revoked_at   bigint
);

-- Words of a notice, each saved version for good. The library '' is the consortium.
create table words (
    library   text collate "C" not null,
    notice    text collate "C" not null,
    language  text collate "C" not null,
    version   bigint not null,
    source    text collate "C",                        -- null: from here on the layer below is used again
    saved_at  bigint not null,
    saved_by  text collate "C" not null,
    primary key (library, notice, language, version)
);

create table event (
    id           bytea primary key,
    library      text collate "C" not null,
    natural_key  text collate "C" not null,            -- what makes it the same event when it is told twice
    request      text collate "C" not null,
    status       text collate "C" not null,
    source       text collate "C" not null,            -- the door it came by
    fields       text collate "C" not null,            -- JSON: what the words may name
    received_at  bigint not null
);
create unique index event_natural on event (library, natural_key);
create index event_request on event (library, request);

-- Answers to requests that carried an Idempotency-Key.
create table idempotency (
    holder     text collate "C" not null,              -- the API key's id
    key        text collate "C" not null,
    body_hash  bytea not null,
    answer     text collate "C" not null,
    at         bigint not null,
    primary key (holder, key)
);
create index idempotency_at on idempotency (at);

-- What a request's first message told about patron and item, for later messages that do not repeat it.
create table request_facts (
    library  text collate "C" not null,
    request  text collate "C" not null,
    facts    text collate "C" not null,                -- JSON
    at       bigint not null,
    primary key (library, request)
);

create table message (
    id             bytea primary key,
    library        text collate "C" not null,
    event          bytea not null,
    request        text collate "C" not null,
    notice         text collate "C" not null,
    language       text collate "C" not null,
    address        text collate "C" not null,          -- '' where there is none
    words_of       text collate "C",                   -- whose words: a library, '' the consortium, null built in
    words_version  bigint not null,
    state          text collate "C" not null,
    cause          text collate "C",
    due_at         bigint,                -- schedule, lease and back-off; null: nothing more happens by itself
    deadline       bigint not null,
    attempts       bigint not null,
    refused        text collate "C" not null,          -- senders this message was refused under, comma separated
    sender         text collate "C",
    provider       text collate "C",
    created_at     bigint not null,
    changed_at     bigint not null
);
create index message_due on message (library, due_at) where due_at is not null;
create index message_of_library on message (library, id);
create index message_of_event on message (event);
create index message_of_address on message (library, address);

create table timeline (
    message  bytea not null,
    at       bigint not null,
    n        bigint not null,             -- order within one moment
    what     text collate "C" not null,                -- JSON
    primary key (message, at, n)
);

-- DKIM keys. A key of the shared domain has no library.
create table dkim_key (
    domain      text collate "C" not null,
    selector    text collate "C" not null,
    library     text collate "C",
    algorithm   text collate "C" not null,             -- 'rsa' or 'ed25519'
    private     bytea not null,             -- PKCS #8, encrypted
    public      text collate "C" not null,             -- the p= of its record, base64
    active      bigint not null,          -- 1: signs
    created_at  bigint not null,
    primary key (domain, selector)
);

-- What live DNS said about a sender, and when.
create table proof (
    domain      text collate "C" not null,
    library     text collate "C" not null,
    facts       text collate "C" not null,             -- JSON
    checked_at  bigint not null,
    primary key (library, domain)
);

-- One thing gone wrong for one library and cause; open until it is well again.
create table incident (
    id         bytea primary key,
    library    text collate "C" not null,
    cause      text collate "C" not null,
    detail     text collate "C" not null,
    opened_at  bigint not null,
    last_at    bigint not null,
    times      bigint not null,
    closed_at  bigint
);
create unique index incident_open on incident (library, cause) where closed_at is null;

-- What providers really answered, by day: Observed, beside the Rule.
create table observed (
    library   text collate "C" not null,
    domain    text collate "C" not null,               -- of the From address
    provider  text collate "C" not null,
    day       bigint not null,            -- days since 1970
    accepted  bigint not null,
    refused   bigint not null,            -- for authentication
    primary key (library, domain, provider, day)
);
