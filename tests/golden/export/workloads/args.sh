"$SYSGAP" export workloads --application redis --kind suite
"$SYSGAP" export workloads --application nothing
