# The shipped facts are what an import of the published database gives.
root=$GOLDEN_ROOT/../..
python3 -m tarfile -e "$root/tests/inputs/loupe/loupedb-a076cf9.tar.xz" db
"$root/tools/make-loupe-workloads" "$SYSGAP" db > made
cmp made "$root/data/workloads/loupe.workloads"
"$SYSGAP" import loupe db --source-version 'commit a076cf9'
"$SYSGAP" import loupe db --format json
