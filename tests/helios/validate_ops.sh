#!/bin/sh
# Runs the op suite on Helios under Vulkan's validation layer: what it says is a failure.
#
#   validate_ops.sh OPS_TEST [synchronization|gpu] [FILTER]
#
# synchronization (also core validation): a minute. gpu (shaders' accesses, as they run): on a CPU
# that plays a GPU a good quarter of an hour.
set -eu
ops_test=$1
filter=${3:-*helios*}
case ${2:-synchronization} in
  synchronization) feature=VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT ;;
  gpu) feature=VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT ;;
  *) echo "validation is '$2', expected synchronization or gpu" >&2; exit 2 ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_ENABLES=$feature \
  "$ops_test" --gtest_filter="$filter" >"$log" 2>&1 || status=$?
tail -n 3 "$log"
if ! grep -q '^\[==========\] [1-9][0-9]* test.* ran\.' "$log"; then
  echo "no test ran to its end" >&2
  exit 1
fi
if grep -E 'VUID-|UNASSIGNED-|SYNC-HAZARD|[Vv]alidation (Error|Warning|Layer)' "$log" >&2; then
  echo "the validation layer has had to say this" >&2
  exit 1
fi
exit $status
