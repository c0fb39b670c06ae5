-- The user data header of a part: it names the national tables of the text and tells where packed septets begin.
alter table part add column header bytea;
