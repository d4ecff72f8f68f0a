-- Mails that people wrote to the shared address, as long as the messages made of them may have to be sent: one row a
-- message that passes a mail on to its library, or answers it.
create table reply (
    message    blob primary key,
    library    text not null,
    kind       text not null,              -- 'passed_on' or 'answer'
    sender     blob not null,              -- keyed hash of the writer's address
    at         integer not null,
    languages  text not null,              -- of an answer: tags, comma separated
    mail       blob not null               -- as it came; of an answer, the header alone
) strict;
create index reply_of_sender on reply (library, sender, at);
create index reply_at on reply (at);

-- Whom a library's shared address has answered, and when last: once a day at most.
create table answered (
    library      text not null,
    sender       blob not null,            -- keyed hash of the address answered
    answered_on  integer not null,         -- the moment
    primary key (library, sender)
) strict;
create index answered_on on answered (library, answered_on);
