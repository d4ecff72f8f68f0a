-- Which of a library's waiting messages go first: 0 somebody waits for it, 1 a day depends on it, 2 it informs.
alter table message add column lane bigint not null default 1;
update message set lane = 0 where due_at is not null
    and notice in ('ready_for_pickup', 'delivered_electronically', 'recalled', 'correction');
drop index message_due;
create index message_due on message (library, lane, due_at) where due_at is not null;
