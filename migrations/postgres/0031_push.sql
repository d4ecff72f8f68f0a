-- The keys that push services know us by. Each device is bound to the one its browser was given.
create table push_key (
    public   text collate "C" not null primary key,  -- base64url of the point
    sealed   bytea not null,              -- the pair, sealed
    active   bigint not null,             -- 1: new devices are bound to it
    made_at  bigint not null
);
create unique index push_key_active on push_key (active) where active = 1;

-- Devices on which patrons turned notifications on.
create table push_device (
    library  text collate "C" not null,
    number   text collate "C" not null,               -- the library's number for the patron
    digest   bytea not null,               -- SHA-256 of the endpoint: what tells devices apart
    sealed   bytea not null,               -- endpoint, public key and secret, sealed
    key      text collate "C" not null,               -- the public key of ours that it is bound to
    name     text collate "C" not null,               -- as its owner knows it
    made_at  bigint not null,
    used_at  bigint not null,            -- when it last took a notification, or was turned on
    primary key (library, number, digest)
);
create index push_device_used on push_device (used_at);

-- Notifications that a push service took, and no device has shown so far.
create index message_unseen on message (climb_at) where channel = 'push' and state = 'accepted' and rungs is not null;
