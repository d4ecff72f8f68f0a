-- What became of messages, counted as it happens: what is asked of years costs their weeks, not their messages. The
-- library '' sums up all. Each process has rows of its own, so that none waits for another.
create table arrival (
    library   text not null,
    day       integer not null,            -- on which the messages were made: days since 1970, UTC
    provider  text not null,            -- '' where nobody was asked
    outcome   text not null,            -- 'accepted', 'failed' or 'suppressed'
    cause     text not null,            -- '' of what was accepted
    pace      integer not null,            -- how long it took, as one of few spans; 0 of what was not accepted
    part      integer not null,            -- the process that counted, as one of few
    messages  integer not null,
    primary key (library, day, provider, outcome, cause, pace, part)
) strict, without rowid;
create index arrival_by_day on arrival (day, library);

insert into arrival (library, day, provider, outcome, cause, pace, part, messages)
select library, created_at / 86400000000, coalesce(provider, ''), state,
       case when state = 'accepted' then '' else coalesce(cause, '') end,
       case when state <> 'accepted' then 0
            when changed_at - created_at <= 10000000 then 0
            when changed_at - created_at <= 60000000 then 1
            when changed_at - created_at <= 600000000 then 2
            when changed_at - created_at <= 3600000000 then 3
            when changed_at - created_at <= 14400000000 then 4
            when changed_at - created_at <= 86400000000 then 5
            else 6 end,
       0, count(*)
from message where state in ('accepted', 'failed', 'suppressed') group by 1, 2, 3, 4, 5, 6;

insert into arrival (library, day, provider, outcome, cause, pace, part, messages)
select '', day, provider, outcome, cause, pace, 0, cast(sum(messages) as integer) from arrival group by day, provider, outcome, cause, pace;
