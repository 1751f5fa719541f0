#pragma once

/*
 * Migrations: number N (from 1) takes a store of schema N - 1 to N; each is SQL in one
 * transaction. The schema's number is SQLite's user_version.
 */
extern const char schema_1[]; /* source, layer, layer_api, workload, workload_api */

extern const char schema_trial[]; /* trial, answer */

/* package, api, evidence, package_api, popularity, popularity_source, survey_* */
extern const char schema_packages[];

extern const char schema_digest[]; /* package_digest */

extern const char *const store_migrations[];
extern const int store_migration_count;

enum { STORE_APPLICATION_ID = 0x53594750 /* "SYGP", SQLite's application_id */ };
