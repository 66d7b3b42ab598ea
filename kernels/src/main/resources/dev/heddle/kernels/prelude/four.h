// Four neighbours at once, where they lie at a multiple of 16 bytes: .x .y .z .w. Both languages have
// them under these names, and no arithmetic on them in common.
typedef float4 f32x4;
typedef uint4 u32x4;
