"$SYSGAP" import popcon by_inst --db db --source-version 2026-11
"$SYSGAP" import popcon by_inst --db db --popcon-total sum --format json
"$SYSGAP" import popcon args.sh --db db
