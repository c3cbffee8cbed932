-- Whether mails and chats about the company leave out all detail: 1 or 0.
alter table companies add column minimal_messages bigint not null default 0;
create index companies_minimal on companies (id) where minimal_messages = 1;
