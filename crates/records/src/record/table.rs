//! The table of a record's fields, and what follows from it.

/// Describes a record: see the [module above](super).
macro_rules! record {
    (
        $(#[doc = $about:literal])+
        pub struct $Record:ident in $table:literal {
            $($(#[doc = $doc:literal])+ $field:ident: $kind:ty $(=> $given:ident)?,)+
        }
        created by $NewBody:ident: $new:literal, $created:ident;
        changed by $ChangeBody:ident: $change:literal, $updated:ident;
        deleted: $deleted:ident;
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $Record {
            /// Its id.
            pub id: base::Id,
            /// Its company.
            pub company: $crate::Named,
            $($(#[doc = $doc])+ pub $field: <$kind as Field>::Value,)+
            /// When it was created.
            pub created_at: base::Time,
            /// When it was last updated.
            pub updated_at: base::Time,
        }

        #[doc = $new]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct New {
            $($(#[doc = $doc])+ pub $field: <$kind as Field>::Value,)+
        }

        #[doc = $change]
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Change {
            $($(#[doc = $doc])+ pub $field: Option<<$kind as Field>::Value>,)+
        }

        /// The record as the API shows it.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct View {
            id: base::Id,
            company_id: base::Id,
            company_name: String,
            $($field: <$kind as Field>::Shown,)+
            created_at: base::Time,
            updated_at: base::Time,
        }

        #[doc = $new]
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $NewBody {
            company_id: base::Id,
            $($(#[serde($given)])? $field: <$kind as Field>::Given,)+
        }

        #[doc = $change]
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $ChangeBody {
            $(#[serde(default)] $field: <$kind as Field>::Changed,)+
        }

        impl From<$Record> for View {
            fn from(record: $Record) -> Self {
                Self {
                    id: record.id,
                    company_id: record.company.id,
                    company_name: record.company.name,
                    $($field: <$kind as Field>::shown(record.$field),)+
                    created_at: record.created_at,
                    updated_at: record.updated_at,
                }
            }
        }

        impl $NewBody {
            fn checked(self, tx: &mut store::Tx<'_>) -> Result<New, $crate::Refused> {
                let mut with = Checking::of(tx, self.company_id);
                let new = New { $($field: <$kind as Field>::given(stringify!($field), self.$field, &mut with)?,)+ };
                with.done()?;
                Ok(new)
            }
        }

        impl $ChangeBody {
            fn checked(self, tx: &mut store::Tx<'_>, to: &$Record) -> Result<Change, $crate::Refused> {
                let mut with = Checking::of(tx, to.company.id);
                let change = Change {
                    $($field: <$kind as Field>::changed(stringify!($field), self.$field, &to.$field, &mut with)?,)+
                };
                with.done()?;
                Ok(change)
            }
        }

        /// Creates one, with its event.
        ///
        /// # Errors
        /// 422 if its fields do not fit together.
        pub fn create(
            tx: &mut store::Tx<'_>,
            new: New,
            company: $crate::Named,
            by: &$crate::By,
        ) -> Result<$Record, $crate::Refused> {
            $crate::record::create(tx, new, company, by)
        }

        /// Changes it, with its event unless nothing differs. Returns whether it changed.
        ///
        /// # Errors
        /// 422 if its fields would not fit together.
        pub fn change(
            tx: &mut store::Tx<'_>,
            record: &mut $Record,
            change: Change,
            by: &$crate::By,
        ) -> Result<bool, $crate::Refused> {
            $crate::record::change(tx, record, change, by)
        }

        /// Deletes one that is [locked](get_for_update) and is not in use, with its event.
        ///
        /// # Errors
        /// 409 if it is in use.
        pub fn delete(tx: &mut store::Tx<'_>, record: &$Record, by: &$crate::By) -> Result<(), $crate::Refused> {
            $crate::record::delete(tx, record, by)
        }

        /// One of a scope.
        ///
        /// # Errors
        /// 404.
        pub fn get(tx: &mut store::Tx<'_>, id: base::Id, scope: &base::Scope) -> Result<$Record, $crate::Refused> {
            $crate::record::one(tx, id, scope, "")
        }

        /// One of a scope, locked against changes and references until the end of this transaction.
        ///
        /// # Errors
        /// 404.
        pub fn get_for_update(
            tx: &mut store::Tx<'_>,
            id: base::Id,
            scope: &base::Scope,
        ) -> Result<$Record, $crate::Refused> {
            let lock = tx.for_update("r");
            $crate::record::one(tx, id, scope, &lock)
        }

        $crate::record::schema::described! {
            View as stringify!($Record) => concat!($($about),+), [
                ("id", Property::named::<base::Id>()),
                ("company_id", Property::named::<base::Id>()),
                ("company_name", Property::plain::<String>()),
                $((stringify!($field), $crate::record::field::shown::<$kind>(concat!($($doc),+))),)+
                ("created_at", Property::named::<base::Time>()),
                ("updated_at", Property::named::<base::Time>()),
            ]
        }
        $crate::record::schema::described! {
            $NewBody as stringify!($NewBody) => $new, [
                ("company_id", Property::named::<base::Id>().about("The company it belongs to.")),
                $((stringify!($field), $crate::record::field::given::<$kind>(concat!($($doc),+))$(.$given())?),)+
            ]
        }
        $crate::record::schema::described! {
            $ChangeBody as stringify!($ChangeBody) => $change, [
                $((stringify!($field), $crate::record::field::changed::<$kind>(concat!($($doc),+))),)+
            ]
        }

        impl store::FromRow for $Record {
            fn from_row(row: &store::Row) -> Result<Self, store::Error> {
                let mut columns = Columns::of(row);
                Ok(Self {
                    id: columns.next()?,
                    company: $crate::Named { id: columns.next()?, name: columns.next()? },
                    $($field: <$kind as Field>::read(&mut columns)?,)+
                    created_at: columns.next()?,
                    updated_at: columns.next()?,
                })
            }
        }

        impl $crate::record::Record for $Record {
            type New = New;
            type Change = Change;
            const TABLE: &'static str = $table;
            const SUBJECT: base::SubjectType = base::SubjectType::$Record;
            const EVENTS: [base::Kind; 3] = [base::Kind::$created, base::Kind::$updated, base::Kind::$deleted];

            fn sql() -> &'static $crate::record::Sql {
                static SQL: std::sync::LazyLock<$crate::record::Sql> =
                    std::sync::LazyLock::new($crate::record::Sql::of::<$Record>);
                &SQL
            }
            fn columns() -> Vec<String> {
                [$(<$kind as Field>::column(stringify!($field)),)+].into_iter().flatten().collect()
            }
            fn stored(&self) -> Vec<store::Value> {
                [$(<$kind as Field>::stored(&self.$field),)+].into_iter().flatten().collect()
            }
            fn searched(&self) -> Vec<&str> {
                [$(<$kind as Field>::searched(&self.$field),)+].into_iter().flatten().collect()
            }
            fn begin(new: New, company: $crate::Named, (id, now): (base::Id, base::Time)) -> Self {
                Self { id, company, $($field: new.$field,)+ created_at: now, updated_at: now }
            }
            fn set(&mut self, change: Change) {
                $($crate::differ::set(&mut self.$field, change.$field);)+
            }
            fn differences(&self, before: &Self) -> Vec<&'static str> {
                $crate::differ::names([$((stringify!($field), before.$field != self.$field),)+])
            }
            fn write_beside(&self, tx: &mut store::Tx<'_>, before: Option<&Self>) -> Result<(), store::Error> {
                let of = (self.company.id, $crate::record::subject(self));
                $(<$kind as Field>::write(tx, of, before.map(|before| &before.$field), &self.$field)?;)+
                Ok(())
            }
            fn clear_beside(&self, tx: &mut store::Tx<'_>) -> Result<(), store::Error> {
                $(<$kind as Field>::clear(tx, $crate::record::subject(self))?;)+
                Ok(())
            }
            fn read_beside(tx: &mut store::Tx<'_>, records: &mut [Self]) -> Result<(), store::Error> {
                let of: Vec<_> = records.iter().map($crate::record::subject).collect();
                $(
                    let mut values = <$kind as Field>::values(tx, &of)?;
                    for record in &mut *records {
                        $crate::differ::set(&mut record.$field, values.remove(&record.id));
                    }
                )+
                Ok(())
            }
            fn describe_fields(&self, data: &mut serde_json::Map<String, serde_json::Value>) {
                $(<$kind as Field>::describe(&self.$field, data);)+
            }
            fn company(&self) -> &$crate::Named {
                &self.company
            }
            fn created_at(&self) -> base::Time {
                self.created_at
            }
            fn updated_at(&mut self) -> &mut base::Time {
                &mut self.updated_at
            }
        }
    };
}

pub(crate) use record;
