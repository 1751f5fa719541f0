# What is exported reads back as the same facts.
"$SYSGAP" export loupe --application redis db
find db -type f | sort
"$SYSGAP" export workloads --application redis | grep -v ': ' > before
"$SYSGAP" import loupe db --title 'Own runs' --format json
"$SYSGAP" export workloads --source 'Own runs' | grep -v ': ' > after
cmp before after
"$SYSGAP" export loupe --application redis db
