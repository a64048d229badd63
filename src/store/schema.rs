//! The tables of `state/system.duckdb`, version 25.
//!
//! No keys, unique constraints or indexes: DuckDB's index code is where its known corruption lives, and these tables
//! are small, so the writer checks uniqueness itself, inside the transaction.
//!
//! Version 25 grows by columns and tables only; [`super::migrate::complete`] adds them to databases that lack them.

/// What this program writes.
pub const VERSION: i32 = 25;

/// The oldest version that can be taken over.
pub const OLDEST: i32 = 19;

/// Tables that hold exactly one row, whose NULL content means the built-in default.
pub const SINGLETONS: [&str; 3] = ["welcome_template", "setup_banner", "claude_md_template"];

/// Every table with its columns, in the order they are created.
pub const TABLES: &[(&str, &str)] = &[
    ("schema_version", "version INTEGER NOT NULL, applied_at TIMESTAMP"),
    (
        "users",
        "id VARCHAR NOT NULL, email VARCHAR NOT NULL, name VARCHAR, password_hash VARCHAR, setup_token VARCHAR,
         setup_token_created TIMESTAMP, reset_token VARCHAR, reset_token_created TIMESTAMP,
         active BOOLEAN NOT NULL DEFAULT true, deactivated_at TIMESTAMP, deactivated_by VARCHAR, created_at TIMESTAMP,
         updated_at TIMESTAMP, token_version BIGINT DEFAULT 0, last_login_at TIMESTAMP",
    ),
    (
        "user_groups",
        "id VARCHAR NOT NULL, name VARCHAR NOT NULL, description VARCHAR, is_system BOOLEAN DEFAULT false,
         created_at TIMESTAMP, created_by VARCHAR",
    ),
    (
        "user_group_members",
        "user_id VARCHAR NOT NULL, group_id VARCHAR NOT NULL, source VARCHAR NOT NULL, added_at TIMESTAMP,
         added_by VARCHAR",
    ),
    (
        "resource_grants",
        "id VARCHAR NOT NULL, group_id VARCHAR NOT NULL, resource_type VARCHAR NOT NULL, resource_id VARCHAR NOT NULL,
         assigned_at TIMESTAMP, assigned_by VARCHAR",
    ),
    (
        "personal_access_tokens",
        "id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, name VARCHAR NOT NULL, token_hash VARCHAR NOT NULL,
         prefix VARCHAR NOT NULL, scopes VARCHAR, created_at TIMESTAMP NOT NULL, expires_at TIMESTAMP,
         last_used_at TIMESTAMP, last_used_ip VARCHAR, revoked_at TIMESTAMP",
    ),
    (
        "table_registry",
        "id VARCHAR NOT NULL, name VARCHAR NOT NULL, source_type VARCHAR, bucket VARCHAR, source_table VARCHAR,
         source_query VARCHAR, sync_strategy VARCHAR DEFAULT 'full_refresh', query_mode VARCHAR DEFAULT 'local',
         sync_schedule VARCHAR, profile_after_sync BOOLEAN DEFAULT true, primary_key VARCHAR, folder VARCHAR,
         description VARCHAR, registered_by VARCHAR, registered_at TIMESTAMP, sync_options JSON,
         file_format JSON",
    ),
    (
        "sync_state",
        "table_id VARCHAR NOT NULL, last_sync TIMESTAMP, rows BIGINT, file_size_bytes BIGINT,
         uncompressed_size_bytes BIGINT, columns INTEGER, hash VARCHAR, status VARCHAR DEFAULT 'ok', error VARCHAR",
    ),
    (
        "sync_history",
        "id VARCHAR NOT NULL, table_id VARCHAR NOT NULL, synced_at TIMESTAMP NOT NULL, rows BIGINT, duration_ms INTEGER,
         status VARCHAR, error VARCHAR",
    ),
    // `run` is a super::sync_runs::RunRecord; the columns before it serve to find it.
    (
        "sync_runs",
        "id VARCHAR NOT NULL, requested_at TIMESTAMP NOT NULL, status VARCHAR NOT NULL, run JSON NOT NULL",
    ),
    ("scan_usage", "user_id VARCHAR NOT NULL, day VARCHAR NOT NULL, bytes UBIGINT NOT NULL"),
    (
        "user_sync_settings",
        "user_id VARCHAR NOT NULL, dataset VARCHAR NOT NULL, enabled BOOLEAN DEFAULT false,
         table_mode VARCHAR DEFAULT 'all', tables JSON, updated_at TIMESTAMP",
    ),
    (
        "table_profiles",
        "table_id VARCHAR NOT NULL, profile JSON NOT NULL, profiled_at TIMESTAMP, content_version VARCHAR,
         failure VARCHAR",
    ),
    ("view_ownership", "view_name VARCHAR NOT NULL, source_name VARCHAR NOT NULL, registered_at TIMESTAMP NOT NULL"),
    (
        "metric_definitions",
        "id VARCHAR NOT NULL, name VARCHAR NOT NULL, display_name VARCHAR NOT NULL, category VARCHAR NOT NULL,
         description VARCHAR, type VARCHAR DEFAULT 'sum', unit VARCHAR, grain VARCHAR DEFAULT 'monthly',
         table_name VARCHAR, tables VARCHAR[], expression VARCHAR, time_column VARCHAR, dimensions VARCHAR[],
         filters VARCHAR[], synonyms VARCHAR[], notes VARCHAR[], sql VARCHAR NOT NULL, sql_variants JSON,
         validation JSON, source VARCHAR DEFAULT 'manual', created_at TIMESTAMP, updated_at TIMESTAMP",
    ),
    (
        "column_metadata",
        "table_id VARCHAR NOT NULL, column_name VARCHAR NOT NULL, basetype VARCHAR, description VARCHAR,
         confidence VARCHAR DEFAULT 'manual', source VARCHAR DEFAULT 'manual', updated_at TIMESTAMP",
    ),
    (
        "knowledge_items",
        "id VARCHAR NOT NULL, title VARCHAR NOT NULL, content VARCHAR, category VARCHAR, tags JSON,
         status VARCHAR DEFAULT 'pending', contributors JSON, source_user VARCHAR, audience VARCHAR, confidence DOUBLE,
         domain VARCHAR, entities JSON, source_type VARCHAR DEFAULT 'claude_local_md', source_ref VARCHAR,
         valid_from TIMESTAMP, valid_until TIMESTAMP, supersedes VARCHAR, sensitivity VARCHAR DEFAULT 'internal',
         is_personal BOOLEAN DEFAULT false, created_at TIMESTAMP, updated_at TIMESTAMP",
    ),
    ("knowledge_votes", "item_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, vote INTEGER, voted_at TIMESTAMP"),
    (
        "knowledge_contradictions",
        "id VARCHAR NOT NULL, item_a_id VARCHAR NOT NULL, item_b_id VARCHAR NOT NULL, explanation VARCHAR,
         severity VARCHAR, suggested_resolution VARCHAR, resolved BOOLEAN DEFAULT false, resolved_by VARCHAR,
         resolved_at TIMESTAMP, resolution VARCHAR, detected_at TIMESTAMP",
    ),
    (
        "knowledge_item_relations",
        "item_a_id VARCHAR NOT NULL, item_b_id VARCHAR NOT NULL, relation_type VARCHAR NOT NULL, score DOUBLE,
         resolved BOOLEAN DEFAULT false, resolved_by VARCHAR, resolved_at TIMESTAMP, resolution VARCHAR,
         created_at TIMESTAMP",
    ),
    (
        "verification_evidence",
        "id VARCHAR NOT NULL, item_id VARCHAR NOT NULL, source_user VARCHAR, source_ref VARCHAR,
         detection_type VARCHAR, user_quote VARCHAR, created_at TIMESTAMP",
    ),
    (
        "session_extraction_state",
        "session_file VARCHAR NOT NULL, username VARCHAR NOT NULL, processed_at TIMESTAMP,
         items_extracted INTEGER DEFAULT 0, file_hash VARCHAR",
    ),
    (
        "audit_log",
        "id VARCHAR NOT NULL, timestamp TIMESTAMP NOT NULL, user_id VARCHAR, action VARCHAR NOT NULL, resource VARCHAR,
         params JSON, result VARCHAR, duration_ms INTEGER, seq BIGINT, prev_hash VARCHAR, hash VARCHAR",
    ),
    (
        "user_sessions",
        "id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, method VARCHAR, created_at TIMESTAMP NOT NULL,
         expires_at TIMESTAMP NOT NULL, last_used_at TIMESTAMP, last_used_ip VARCHAR, user_agent VARCHAR",
    ),
    (
        "second_factors",
        "user_id VARCHAR NOT NULL, secret VARCHAR NOT NULL, created_at TIMESTAMP, confirmed_at TIMESTAMP,
         last_step BIGINT",
    ),
    ("recovery_codes", "user_id VARCHAR NOT NULL, code_hash VARCHAR NOT NULL"),
    ("revoked_sessions", "jti VARCHAR NOT NULL, user_id VARCHAR, expires_at TIMESTAMP NOT NULL"),
    (
        "access_requests",
        "id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, user_email VARCHAR, resource_type VARCHAR DEFAULT 'table',
         table_id VARCHAR NOT NULL, reason VARCHAR, status VARCHAR DEFAULT 'pending', requested_at TIMESTAMP,
         reviewed_by VARCHAR, reviewed_at TIMESTAMP, review_note VARCHAR",
    ),
    ("telegram_links", "user_id VARCHAR NOT NULL, chat_id BIGINT NOT NULL, linked_at TIMESTAMP"),
    ("pending_codes", "code VARCHAR NOT NULL, chat_id BIGINT NOT NULL, created_at TIMESTAMP"),
    (
        "script_registry",
        "id VARCHAR NOT NULL, name VARCHAR NOT NULL, owner VARCHAR, schedule VARCHAR, source VARCHAR NOT NULL,
         deployed_at TIMESTAMP, last_run TIMESTAMP, last_status VARCHAR",
    ),
    (
        "marketplace_registry",
        "id VARCHAR NOT NULL, name VARCHAR NOT NULL, url VARCHAR NOT NULL, branch VARCHAR, token_env VARCHAR,
         description VARCHAR, registered_by VARCHAR, registered_at TIMESTAMP, last_synced_at TIMESTAMP,
         last_commit_sha VARCHAR, last_error VARCHAR",
    ),
    (
        "marketplace_plugins",
        "marketplace_id VARCHAR NOT NULL, name VARCHAR NOT NULL, description VARCHAR, version VARCHAR,
         author_name VARCHAR, homepage VARCHAR, category VARCHAR, source_type VARCHAR, source_spec JSON, raw JSON,
         updated_at TIMESTAMP",
    ),
    ("welcome_template", SINGLETON),
    ("setup_banner", SINGLETON),
    ("claude_md_template", SINGLETON),
    // `table_id` is the registry id of the table that keeps the result.
    (
        "saved_queries",
        "id VARCHAR NOT NULL, owner_id VARCHAR NOT NULL, name VARCHAR NOT NULL, description VARCHAR,
         sql VARCHAR NOT NULL, schedule VARCHAR, table_id VARCHAR, created_at TIMESTAMP NOT NULL,
         updated_at TIMESTAMP NOT NULL, ran_at TIMESTAMP, status VARCHAR, error VARCHAR, rows BIGINT,
         duration_ms BIGINT",
    ),
    // What each version of such a table was made of: JSON of a super::lineage::Lineage.
    (
        "saved_query_versions",
        "query_id VARCHAR NOT NULL, version VARCHAR NOT NULL, lineage JSON NOT NULL, made_at TIMESTAMP NOT NULL",
    ),
];

const SINGLETON: &str = "id INTEGER DEFAULT 1, content VARCHAR, updated_at TIMESTAMP, updated_by VARCHAR";
