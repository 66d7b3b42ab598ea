// CUresult, as far as the simulator gives it, and how it travels inside.
#pragma once
#include <string>

namespace heddle_sim {

#define HEDDLE_RESULTS(X)                                                     \
  X(SUCCESS, 0, "no error")                                                   \
  X(INVALID_VALUE, 1, "invalid argument")                                     \
  X(OUT_OF_MEMORY, 2, "out of memory")                                        \
  X(NOT_INITIALIZED, 3, "initialization error")                               \
  X(NO_DEVICE, 100, "no CUDA-capable device is detected")                     \
  X(INVALID_DEVICE, 101, "invalid device ordinal")                            \
  X(INVALID_IMAGE, 200, "device kernel image is invalid")                     \
  X(INVALID_CONTEXT, 201, "invalid device context")                           \
  X(NO_BINARY_FOR_GPU, 209, "no kernel image is available for execution on the device") \
  X(INVALID_HANDLE, 400, "invalid resource handle")                           \
  X(ILLEGAL_STATE, 401, "the operation cannot be performed in the present state") \
  X(NOT_FOUND, 500, "named symbol not found")                                 \
  X(NOT_READY, 600, "device not ready")                                       \
  X(ILLEGAL_ADDRESS, 700, "an illegal memory access was encountered")         \
  X(LAUNCH_OUT_OF_RESOURCES, 701, "too many resources requested for launch")  \
  X(LAUNCH_TIMEOUT, 702, "the launch timed out and was terminated")           \
  X(HOST_MEMORY_ALREADY_REGISTERED, 712, "part or all of the requested memory range is already mapped") \
  X(HOST_MEMORY_NOT_REGISTERED, 713, "pointer does not correspond to a registered memory region") \
  X(MISALIGNED_ADDRESS, 716, "misaligned address")                            \
  X(LAUNCH_FAILED, 719, "unspecified launch failure")                         \
  X(NOT_SUPPORTED, 801, "operation not supported")                            \
  X(STREAM_CAPTURE_UNSUPPORTED, 900, "operation not permitted when stream is capturing") \
  X(STREAM_CAPTURE_INVALIDATED, 901, "operation failed due to a previous error during capture") \
  X(STREAM_CAPTURE_MERGE, 902, "operation would result in a merge of separate capture sequences") \
  X(STREAM_CAPTURE_UNMATCHED, 903, "capture was not ended in the same stream as it began") \
  X(STREAM_CAPTURE_UNJOINED, 904, "capturing stream has unjoined work")       \
  X(STREAM_CAPTURE_ISOLATION, 905, "dependency created on uncaptured work in another stream") \
  X(STREAM_CAPTURE_IMPLICIT, 906, "operation would make the legacy stream depend on a capturing blocking stream") \
  X(CAPTURED_EVENT, 907, "operation not permitted on an event last recorded in a capturing stream") \
  X(STREAM_CAPTURE_WRONG_THREAD, 908, "attempt to terminate a thread-local capture sequence from another thread") \
  X(GRAPH_EXEC_UPDATE_FAILURE, 910, "the graph update was not performed because it included changes which violated constraints specific to instantiated graph update") \
  X(INVALID_CLUSTER_SIZE, 912, "cluster misconfiguration")                    \
  X(UNKNOWN, 999, "unknown error")

enum Result : int {
#define HEDDLE_RESULT(name, code, words) name = code,
  HEDDLE_RESULTS(HEDDLE_RESULT)
#undef HEDDLE_RESULT
};

// Ends an API call with a result.
struct Failure {
  Result result;
};

// What printf would print.
__attribute__((format(printf, 1, 2))) std::string format(const char *pattern, ...);

}  // namespace heddle_sim
