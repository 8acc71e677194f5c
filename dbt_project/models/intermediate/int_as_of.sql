-- The knowledge date (取数时点) of this build, one row.
select max(as_of) as as_of from {{ ref('stg_quality__files') }}
