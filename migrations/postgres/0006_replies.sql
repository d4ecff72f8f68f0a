-- Mails that people wrote to the shared address, as long as the messages made of them may have to be sent: one row a
-- message that passes a mail on to its library, or answers it.
create table reply (
    message    bytea primary key,
    library    text collate "C" not null,
    kind       text collate "C" not null,              -- 'passed_on' or 'answer'
    sender     bytea not null,              -- keyed hash of the writer's address
    at         bigint not null,
    languages  text collate "C" not null,              -- of an answer: tags, comma separated
    mail       bytea not null               -- as it came; of an answer, the header alone
);
create index reply_of_sender on reply (library, sender, at);
create index reply_at on reply (at);

-- Whom a library's shared address has answered, and when last: once a day at most.
create table answered (
    library      text collate "C" not null,
    sender       bytea not null,            -- keyed hash of the address answered
    answered_on  bigint not null,         -- the moment
    primary key (library, sender)
);
create index answered_on on answered (library, answered_on);
