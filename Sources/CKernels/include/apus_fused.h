// The block machine: a fused program of elementwise instructions, with optional reductions of its results, over one
// iteration space. The space is cut into blocks that stay in the first-level cache; each instruction is one vectorised
// pass over a block, so intermediate values never travel to memory.
#ifndef APUS_FUSED_H
#define APUS_FUSED_H

#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

enum {
  APUS_FUSED_MAX_RANK = 8,
  APUS_FUSED_MAX_INPUTS = 32,
  APUS_FUSED_MAX_OUTPUTS = 16,
  APUS_FUSED_MAX_INSTRUCTIONS = 256,
  /// Register numbers are below this bound.
  APUS_FUSED_MAX_REGISTERS = 512,
};

/// Operations. A register has one of four classes: f32, f64, i32, i64. An operation works in the class of its operands,
/// which must agree; unless said otherwise its result has that class too. Float means f32 or f64, integer i32 or i64.
/// Masks are i32 registers holding 0 or 1.
typedef enum : uint16_t {
  // No operands.
  APUS_OP_CONSTANT_F32 = 0,  ///< f32 := immediate
  APUS_OP_CONSTANT_F64,      ///< f64 := immediate
  APUS_OP_CONSTANT_I32,      ///< i32 := integer
  APUS_OP_CONSTANT_I64,      ///< i64 := integer
  APUS_OP_IOTA_F32,          ///< f32 := index along iteration dimension `a` (`a` is a dimension here, not a register)
  APUS_OP_IOTA_I64,          ///< i64 := index along iteration dimension `a`
  /// i32 := 32 random bits. `a` is the register of an input that is a key: its pointer leads to two int64
  /// (seed, stream), its dtype is APUS_I64, its strides are ignored and nothing else may use it. The element at row-major index i of
  /// the iteration space receives apus_philox(seed, stream, i + integer).
  APUS_OP_RANDOM_BITS,

  // Casts; operand `a` of any class.
  APUS_OP_TO_F32,
  APUS_OP_TO_F64,
  APUS_OP_TO_I32,      ///< truncates toward zero; values out of range give INT32_MIN
  APUS_OP_TO_I64,      ///< truncates toward zero; values out of range give INT64_MIN
  APUS_OP_ROUND_BF16,  ///< f32 -> f32 rounded to the nearest bf16 value (ties to even)
  APUS_OP_WRAP_U8,     ///< i32 -> i32, low eight bits

  // Random bits to numbers.
  APUS_OP_UNIFORM_F32,  ///< i32 bits `a` -> f32 in [0, 1), multiples of 2^-24
  APUS_OP_UNIFORM_F64,  ///< i32 bits `a` (high) and `b` (low) -> f64 in [0, 1), multiples of 2^-53

  // Unary, float and integer.
  APUS_OP_NEGATE,
  APUS_OP_ABS,
  APUS_OP_SIGN,  ///< -1, 0 or 1; NaN stays NaN
  APUS_OP_SQUARE,
  APUS_OP_RELU,  ///< max(a, 0); NaN stays NaN
  // Unary, float only.
  APUS_OP_FLOOR,
  APUS_OP_CEIL,
  APUS_OP_ROUND,  ///< to the nearest integer, ties to even
  APUS_OP_TRUNC,
  APUS_OP_SQRT,
  APUS_OP_RSQRT,
  APUS_OP_RECIPROCAL,
  APUS_OP_EXP,
  APUS_OP_EXPM1,
  APUS_OP_LOG,
  APUS_OP_LOG1P,
  APUS_OP_SIN,
  APUS_OP_COS,
  APUS_OP_TAN,
  APUS_OP_ASIN,
  APUS_OP_ACOS,
  APUS_OP_ATAN,
  APUS_OP_SINH,
  APUS_OP_COSH,
  APUS_OP_TANH,
  APUS_OP_ASINH,
  APUS_OP_ACOSH,
  APUS_OP_ATANH,
  APUS_OP_SIGMOID,
  APUS_OP_SOFTPLUS,  ///< log(1 + exp(a))
  APUS_OP_ERF,
  APUS_OP_ERFC,
  // Unary tests; result i32 0/1.
  APUS_OP_IS_NAN,       ///< float only
  APUS_OP_IS_FINITE,    ///< float only
  APUS_OP_LOGICAL_NOT,  ///< a == 0, integer only

  // Binary, float and integer.
  APUS_OP_ADD,
  APUS_OP_SUBTRACT,
  APUS_OP_MULTIPLY,
  APUS_OP_DIVIDE,    ///< integers: floored quotient; division by zero gives 0
  APUS_OP_MODULO,    ///< remainder with the sign of the divisor, a - b * floor(a / b); integer modulo by zero gives 0
  APUS_OP_POWER,     ///< integers: negative exponents give 0 unless the base is 1 or -1
  APUS_OP_MAXIMUM,   ///< NaN if either is NaN
  APUS_OP_MINIMUM,   ///< NaN if either is NaN
  // Binary, float only.
  APUS_OP_ATAN2,  ///< angle of the point (x = b, y = a)
  // Binary, integer only (bitwise; on masks the logical operations).
  APUS_OP_AND,
  APUS_OP_OR,
  APUS_OP_XOR,
  // Comparisons; result i32 0/1.
  APUS_OP_EQUAL,
  APUS_OP_NOT_EQUAL,
  APUS_OP_LESS,
  APUS_OP_LESS_EQUAL,
  APUS_OP_GREATER,
  APUS_OP_GREATER_EQUAL,

  // Ternary.
  APUS_OP_SELECT,        ///< a != 0 ? b : c; `a` is i32, `b` and `c` share any class
  APUS_OP_MULTIPLY_ADD,  ///< a * b + c; floats may round once
  APUS_OP_CLAMP,         ///< min(max(a, b), c); NaN stays

  APUS_OP_COUNT,
} apus_op;

/// One instruction in static single assignment form: `dst` is a register that nothing else writes, and operands must be
/// written by inputs or earlier instructions. Unused operand fields are ignored.
typedef struct {
  uint16_t op;  ///< an apus_op
  uint16_t dst, a, b, c;
  double immediate;  ///< of APUS_OP_CONSTANT_F32 and _F64
  int64_t integer;   ///< of APUS_OP_CONSTANT_I32 and _I64; index offset of APUS_OP_RANDOM_BITS
} apus_fused_instruction;

/// How an array in memory is laid over the iteration space. Strides and offset count elements; a stride of 0
/// broadcasts, negative strides walk backwards from `offset`.
typedef struct {
  apus_dtype dtype;
  int64_t offset;
  int64_t strides[APUS_FUSED_MAX_RANK];
} apus_fused_operand;

typedef enum : uint8_t {
  APUS_REDUCE_NONE = 0,  ///< written elementwise
  APUS_REDUCE_SUM,       ///< f32 sums are carried in f64 between blocks; integers in i64
  APUS_REDUCE_MAX,       ///< NaN if any is NaN
  APUS_REDUCE_MIN,       ///< NaN if any is NaN
  APUS_REDUCE_PRODUCT,
} apus_reduction;

/// An output stores register `source`. Elementwise, the register's class must be the one the dtype loads to (f32 for
/// APUS_F32 and APUS_BF16; i32 for APUS_I32, APUS_U8 (low eight bits) and APUS_BOOL (nonzero -> 1)); reduced, any dtype of the same kind
/// (float or integer) will do. Strides of a reduced output along reduced dimensions are ignored. A reduction over no element
/// gives 0 (sum), 1 (product), or the lowest (max) or highest (min) value of the dtype, infinities for floats.
typedef struct {
  apus_fused_operand target;
  uint16_t source;
  apus_reduction reduction;
} apus_fused_output;

/// Registers 0 ..< input_count hold the inputs: f32 for APUS_F32 and APUS_BF16, f64, i64, and i32 for the rest.
/// The struct and everything it points to may be freed after creation. At most 16 outputs, 32 inputs, 256 instructions.
typedef struct {
  int32_t rank;  ///< 0 ... APUS_FUSED_MAX_RANK
  int64_t dims[APUS_FUSED_MAX_RANK];
  uint32_t reduced_dims;  ///< bit d: dimension d is reduced, the same for every reduced output
  int32_t input_count, instruction_count, output_count;
  const apus_fused_operand *inputs;
  const apus_fused_instruction *instructions;
  const apus_fused_output *outputs;
} apus_fused_spec;

typedef struct apus_fused apus_fused;

/// Analyses a program. Malformed programs are programmer errors: they print the reason and trap.
apus_fused *apus_fused_create(const apus_fused_spec *spec);

/// Bytes of scratch that `apus_fused_run` needs (0 for programs without a large reduction).
size_t apus_fused_scratch_bytes(const apus_fused *program);

/// Runs the program. `pointers` holds one base address per input, then one per output, then the scratch (64-byte
/// aligned; may be NULL if no byte is needed). An elementwise output may be exactly an input (same address, strides and element size):
/// it is then updated in place. Other overlaps between outputs and operands are not allowed. Thread-safe: the program is immutable.
void apus_fused_run(const apus_fused *program, void *const *pointers);

void apus_fused_destroy(apus_fused *program);

/// Word `index` mod 4 of Philox-4x32-10 with counter (index / 4 low, index / 4 high, stream low, stream high) and key
/// (seed low, seed high). Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
uint32_t apus_philox(int64_t seed, int64_t stream, int64_t index);

#endif
