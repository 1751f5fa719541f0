printf "read\nwrite\nreed\n" | "$SYSGAP" layer show /dev/stdin --format tsv
