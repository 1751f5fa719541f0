#include "store/schema.h"

/*
 * Words instead of enum values (arch, kind, verdict, level, policy), so that the file explains
 * itself and the order of an enum may change. Numbers are syscall numbers of the row's arch.
 */
const char schema_1[] =
    "CREATE TABLE source ("
    " id INTEGER PRIMARY KEY,"
    " title TEXT NOT NULL,"
    " version TEXT,"
    " licence TEXT,"
    " url TEXT) STRICT;"
    "CREATE UNIQUE INDEX source_key"
    " ON source (title, ifnull(version, ''), ifnull(licence, ''), ifnull(url, ''));"

    "CREATE TABLE layer ("
    " id INTEGER PRIMARY KEY,"
    " source INTEGER NOT NULL REFERENCES source,"
    " name TEXT NOT NULL,"
    " version TEXT,"
    " arch TEXT NOT NULL,"
    " policy TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX layer_key ON layer (name, ifnull(version, ''), arch);"
    "CREATE INDEX layer_source ON layer (source);"
    "CREATE TABLE layer_api ("
    " layer INTEGER NOT NULL REFERENCES layer ON DELETE CASCADE,"
    " number INTEGER NOT NULL,"
    " level TEXT NOT NULL,"
    " note TEXT,"
    " PRIMARY KEY (layer, number)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE workload ("
    " id INTEGER PRIMARY KEY,"
    " source INTEGER NOT NULL REFERENCES source,"
    " arch TEXT NOT NULL,"
    " application TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " run TEXT,"
    " UNIQUE (source, arch, application, name)) STRICT;"
    "CREATE TABLE workload_api ("
    " workload INTEGER NOT NULL REFERENCES workload ON DELETE CASCADE,"
    " number INTEGER NOT NULL,"
    " verdict TEXT NOT NULL,"
    " PRIMARY KEY (workload, number)) STRICT, WITHOUT ROWID;";

const char *const store_migrations[] = {
	schema_1,
	schema_trial,
	schema_packages,
	schema_digest,
};

const int store_migration_count = sizeof(store_migrations) / sizeof(store_migrations[0]);
