# Nothing is stored, and no store is made.
"$SYSGAP" import loupe db || status=$?
test ! -e "$XDG_DATA_HOME/sysgap"
exit $status
