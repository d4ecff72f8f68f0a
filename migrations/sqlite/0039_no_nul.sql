-- What a receiver said may have had a NUL in it. PostgreSQL keeps it in a text and refuses the whole row once it looks into it as JSON, so that
-- nothing with such a row could be erased or joined. SQLite looks into it, and is copied to PostgreSQL by a restore.
update timeline set what = replace(what, '\u0000', '\ufffd') where instr(what, '\u0000') > 0;
update patron set record = replace(record, '\u0000', '\ufffd') where instr(record, '\u0000') > 0;
