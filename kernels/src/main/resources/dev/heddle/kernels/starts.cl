// Refuses starts of sequences that do not go from 0 to the tokens without falling.
KERNEL check_starts(TENSOR(starts), i64 count, i64 tokens, STATUS) {
  GLOBAL const i32 *start = OPERAND(const i32, starts);
  for (i64 i = GLOBAL_ID(0); i < count; i += GLOBAL_SIZE(0)) {
    if (i == 0 && start[0] != 0) {
      refuse(status, node, FAULT_STARTS_BEGIN, start[0], 0);
    }
    if (i > 0 && start[i] < start[i - 1]) {
      refuse(status, node, FAULT_STARTS_FALL, start[i], start[i - 1]);
    }
    if (i == count - 1 && start[i] != tokens) {
      refuse(status, node, FAULT_STARTS_END, start[i], tokens);
    }
  }
}
