# An imported layer is known by its name, and imported workloads count in place of shipped ones.
printf 'read\nwrite\nopenat\n' > mine.txt
"$SYSGAP" import layer mine.txt --name mine --layer-version 2 > /dev/null
"$SYSGAP" layer list --format tsv | grep '^mine'
printf '# sysgap workloads 1\nsource: own\n\nbenchmark web benchmark-load 1\n\trequired read\n\teither write\n' > own.workloads
"$SYSGAP" import workloads own.workloads > /dev/null
"$SYSGAP" status mine-2 --exclude-workload mysql --format md | sed -n '/^| Counted/,/^$/p'
"$SYSGAP" users read --format tsv | grep '^web-'
