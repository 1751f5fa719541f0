# systemd's filter holds before main, a package has many.
"$SYSGAP" export systemd --from-main "$SYSGAP" || echo "exit $?"
"$SYSGAP" scan --from-main --installed || echo "exit $?"
