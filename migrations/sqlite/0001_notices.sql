-- Times are microseconds since 1970, ids 16 octets, flags 0 or 1. Every table that belongs to a library has it.

create table library (
    library     text primary key,
    record      text not null,             -- the Participant Record, JSON
    changed_at  integer not null
) strict;

-- Who changed a Participant Record, and from what.
create table library_change (
    library     text not null,
    at          integer not null,
    by_whom     text not null,
    was         text,                      -- JSON; null when the library was new
    primary key (library, at)
) strict;

create table api_key (
    id           blob primary key,
    library      text,                     -- null: the whole consortium
    name         text not null,
    secret_hash  blob not null unique,     -- SHA-256 of the secret, which is shown once and not kept
    shown        text not null,            -- its first letters, to tell keys apart
    created_at   integer not null,
    revoked_at   integer
) strict;

-- Words of a notice, each saved version for good. The library '' is the consortium.
create table words (
    library   text not null,
    notice    text not null,
    language  text not null,
    version   integer not null,
    source    text,                        -- null: from here on the layer below is used again
    saved_at  integer not null,
    saved_by  text not null,
    primary key (library, notice, language, version)
) strict;

create table event (
    id           blob primary key,
    library      text not null,
    natural_key  text not null,            -- what makes it the same event when it is told twice
    request      text not null,
    status       text not null,
    source       text not null,            -- the door it came by
    fields       text not null,            -- JSON: what the words may name
    received_at  integer not null
) strict;
create unique index event_natural on event (library, natural_key);
create index event_request on event (library, request);

-- Answers to requests that carried an Idempotency-Key.
create table idempotency (
    holder     text not null,              -- the API key's id
    key        text not null,
    body_hash  blob not null,
    answer     text not null,
    at         integer not null,
    primary key (holder, key)
) strict;
create index idempotency_at on idempotency (at);

-- What a request's first message told about patron and item, for later messages that do not repeat it.
create table request_facts (
    library  text not null,
    request  text not null,
    facts    text not null,                -- JSON
    at       integer not null,
    primary key (library, request)
) strict;

create table message (
    id             blob primary key,
    library        text not null,
    event          blob not null,
    request        text not null,
    notice         text not null,
    language       text not null,
    address        text not null,          -- '' where there is none
    words_of       text,                   -- whose words: a library, '' the consortium, null built in
    words_version  integer not null,
    state          text not null,
    cause          text,
    due_at         integer,                -- schedule, lease and back-off; null: nothing more happens by itself
    deadline       integer not null,
    attempts       integer not null,
    refused        text not null,          -- senders this message was refused under, comma separated
    sender         text,
    provider       text,
    created_at     integer not null,
    changed_at     integer not null
) strict, without rowid;
create index message_due on message (library, due_at) where due_at is not null;
create index message_of_library on message (library, id);
create index message_of_event on message (event);
create index message_of_address on message (library, address);

create table timeline (
    message  blob not null,
    at       integer not null,
    n        integer not null,             -- order within one moment
    what     text not null,                -- JSON
    primary key (message, at, n)
) strict, without rowid;

-- DKIM keys. A key of the shared domain has no library.
create table dkim_key (
    domain      text not null,
    selector    text not null,
    library     text,
    algorithm   text not null,             -- 'rsa' or 'ed25519'
    private     blob not null,             -- PKCS #8, encrypted
    public      text not null,             -- the p= of its record, base64
    active      integer not null,          -- 1: signs
    created_at  integer not null,
    primary key (domain, selector)
) strict;

-- What live DNS said about a sender, and when.
create table proof (
    domain      text not null,
    library     text not null,
    facts       text not null,             -- JSON
    checked_at  integer not null,
    primary key (library, domain)
) strict;

-- One thing gone wrong for one library and cause; open until it is well again.
create table incident (
    id         blob primary key,
    library    text not null,
    cause      text not null,
    detail     text not null,
    opened_at  integer not null,
    last_at    integer not null,
    times      integer not null,
    closed_at  integer
) strict;
create unique index incident_open on incident (library, cause) where closed_at is null;

-- What providers really answered, by day: Observed, beside the Rule.
create table observed (
    library   text not null,
    domain    text not null,               -- of the From address
    provider  text not null,
    day       integer not null,            -- days since 1970
    accepted  integer not null,
    refused   integer not null,            -- for authentication
    primary key (library, domain, provider, day)
) strict;
