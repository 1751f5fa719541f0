"$SYSGAP" import loupe db --keep-going --title 'Own runs'
"$SYSGAP" export workloads --source 'Own runs'
