-- Where somebody signed in from and with what, as their sessions show it to them; '' for tokens and where it is not known.
-- user_agent is text from outside, one line, cut.
alter table credentials add column address text not null default '';
alter table credentials add column user_agent text not null default '';
