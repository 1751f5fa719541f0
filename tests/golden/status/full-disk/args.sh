# Nothing is left behind, and the reason is said once.
"$SYSGAP" status gramine-1.8 --output /dev/full && exit 9
"$SYSGAP" status gramine-1.8 > /dev/full && exit 9
mkdir folder
"$SYSGAP" status gramine-1.8 --output folder/missing/report.md && exit 9
"$SYSGAP" status gramine-1.8 --output folder && exit 9
ls folder
