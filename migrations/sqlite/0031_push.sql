-- The keys that push services know us by. Each device is bound to the one its browser was given.
create table push_key (
    public   text not null primary key,   -- base64url of the point
    sealed   blob not null,               -- the pair, sealed
    active   integer not null,            -- 1: new devices are bound to it
    made_at  integer not null
) strict;
create unique index push_key_active on push_key (active) where active = 1;

-- Devices on which patrons turned notifications on.
create table push_device (
    library  text not null,
    number   text not null,               -- the library's number for the patron
    digest   blob not null,               -- SHA-256 of the endpoint: what tells devices apart
    sealed   blob not null,               -- endpoint, public key and secret, sealed
    key      text not null,               -- the public key of ours that it is bound to
    name     text not null,               -- as its owner knows it
    made_at  integer not null,
    used_at  integer not null,            -- when it last took a notification, or was turned on
    primary key (library, number, digest)
) strict;
create index push_device_used on push_device (used_at);

-- Notifications that a push service took, and no device has shown so far.
create index message_unseen on message (climb_at) where channel = 'push' and state = 'accepted' and rungs is not null;
