// What all kernels share. The size of the workgroup is the specialization constant 0.
//
// A kernel's tensors are its bindings, in the order of the host's call. What a shader sees of a
// buffer begins at an aligned place: the first push constants say for each binding how many bytes
// behind that the tensor begins.
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

#include "numbers.glsl"

layout(local_size_x_id = 0) in;

// The dtype of the variant: T is how an element is stored, and only loaded and stored. Everything is
// computed in f32.
#if defined(BF16)
#define T uint16_t
#define T_SHIFT 1u
#define LOAD(element) uintBitsToFloat(uint(element) << 16)
#define STORE(value) uint16_t(bf16_bits(value))
#elif defined(F16)
#define T float16_t
#define T_SHIFT 1u
#define LOAD(element) float(element)
#define STORE(value) float16_t(value)
#else
#define T float
#define T_SHIFT 2u
#define LOAD(element) (element)
#define STORE(value) (value)
#endif

// Element i of the tensor at binding k, in a buffer of T, of f32 and of i32.
#define AT(k, i) ((push.ahead[k] >> T_SHIFT) + (i))
#define AT32(k, i) ((push.ahead[k] >> 2) + (i))

// The elements of a flat kernel, in strides of all invocations.
#define FOR_EACH(i, n)                                                       \
  for (uint i = gl_GlobalInvocationID.x, stride_ = gl_NumWorkGroups.x * gl_WorkGroupSize.x; i < (n); i += stride_)
