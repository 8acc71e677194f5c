-- 批单: newest known version of each endorsement.
{{ newest_versions(ref('stg_insurer__endorsement'), ['endorsement_no']) }}
