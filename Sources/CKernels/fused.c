// The block machine: analysis of a program when it is created, and the loop over blocks when it runs.
//
// The iteration space is seen as rows of the innermost (collapsed) dimension. A block is a piece of one row where rows are long, and
// several whole rows where they are short. Operands that lie contiguously are used where they are; others are brought into
// the block's registers, once for all blocks where they do not change.
#include "apus_fused.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"
#include "fused_bodies.h"

enum {
  MAX_RANK = APUS_FUSED_MAX_RANK,
  /// Elements of a block at most, and bytes that all registers of a block should take together.
  BLOCK_ELEMENTS = 1024,
  BLOCK_MEMORY = 40 * 1024,
  /// Pieces a large space is cut into, whatever the number of threads.
  PARTS = 16,
};

typedef enum {
  /// Contiguous over the whole space: blocks are read in memory.
  OPERAND_LINEAR,
  /// One element for all.
  OPERAND_SCALAR,
  /// The same for every row: brought in once.
  OPERAND_ROW,
  /// Contiguous or constant along rows, strided between them.
  OPERAND_STRIDED,
  /// A random key: not an array.
  OPERAND_KEY,
} operand_kind;

typedef struct {
  operand_kind kind;
  apus_dtype dtype;
  int element_size;
  int class;
  int64_t offset;
  int64_t strides[MAX_RANK];  // of the collapsed dimensions
  int slot;                   // where it is brought in; -1 if it is read in memory
  int last_use;
} operand;

typedef struct {
  apus_fused_instruction code;
  fused_body body;
  int class;
  int slot;    // of the result; -1 if written straight to an output
  int output;  // the output it is written to, or -1
} instruction;

typedef struct {
  apus_fused_operand target;
  operand place;
  uint16_t source;
  apus_reduction reduction;
  bool is_linear;
  int direct;  // whether its instruction writes it
  int64_t accumulator;  // first accumulator, for reductions
} output;

struct apus_fused {
  int rank;
  int64_t dims[MAX_RANK];
  uint32_t reduced;
  int64_t rows, columns, elements;
  int input_count, instruction_count, output_count, reduced_count;
  operand inputs[APUS_FUSED_MAX_INPUTS];
  instruction *instructions;
  output outputs[APUS_FUSED_MAX_OUTPUTS];
  int16_t class_of[APUS_FUSED_MAX_REGISTERS];
  int16_t definition[APUS_FUSED_MAX_REGISTERS];  // instruction that writes a register; -1 - input otherwise
  int slots;
  int64_t block;        // elements of a block
  int64_t block_rows;   // rows of a block; 0 where a block is part of a row
  int64_t kept;         // accumulators of one reduced output
  int64_t accumulator_strides[MAX_RANK];
  bool columns_reduced;
  // How the space is cut: along dimension `split`, into `parts` pieces; if they share accumulators each has its own.
  int split;
  int64_t parts;
  bool shares;
  int64_t cost;
};

static const int element_sizes[7] = {4, 8, 2, 4, 8, 1, 1};
static const int class_sizes[CLASS_COUNT] = {4, 8, 4, 8};

static int class_of_dtype(apus_dtype dtype) {
  switch (dtype) {
    case APUS_F32:
    case APUS_BF16: return CLASS_F32;
    case APUS_F64: return CLASS_F64;
    case APUS_I64: return CLASS_I64;
    default: return CLASS_I32;
  }
}

__attribute__((noreturn, format(printf, 1, 2))) static void stop(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("fused program: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}

// MARK: - Analysis

static int operand_count(uint16_t op) {
  if (op <= APUS_OP_RANDOM_BITS) return 0;
  if (op == APUS_OP_UNIFORM_F64) return 2;
  if (op < APUS_OP_ADD) return 1;
  return op >= APUS_OP_SELECT ? 3 : 2;
}

static int result_class(const apus_fused *p, const apus_fused_instruction *code) {
  switch (code->op) {
    case APUS_OP_CONSTANT_F32:
    case APUS_OP_IOTA_F32:
    case APUS_OP_TO_F32:
    case APUS_OP_UNIFORM_F32: return CLASS_F32;
    case APUS_OP_CONSTANT_F64:
    case APUS_OP_TO_F64:
    case APUS_OP_UNIFORM_F64: return CLASS_F64;
    case APUS_OP_CONSTANT_I64:
    case APUS_OP_IOTA_I64:
    case APUS_OP_TO_I64: return CLASS_I64;
    case APUS_OP_CONSTANT_I32:
    case APUS_OP_RANDOM_BITS:
    case APUS_OP_TO_I32:
    case APUS_OP_IS_NAN:
    case APUS_OP_IS_FINITE:
    case APUS_OP_LOGICAL_NOT: return CLASS_I32;
    case APUS_OP_SELECT: return p->class_of[code->b];
    default:
      if (code->op >= APUS_OP_EQUAL && code->op <= APUS_OP_GREATER_EQUAL) return CLASS_I32;
      return p->class_of[code->a];
  }
}

/// Merges neighbouring dimensions wherever every operand steps through both as through one.
static void collapse_dimensions(apus_fused *p, const apus_fused_spec *spec) {
  uint32_t fixed = 0;
  for (int k = 0; k < spec->instruction_count; k++) {
    uint16_t op = spec->instructions[k].op;
    if (op == APUS_OP_IOTA_F32 || op == APUS_OP_IOTA_I64) fixed |= 1u << spec->instructions[k].a;
  }
  int source[MAX_RANK];  // original dimension that gives the stride of each collapsed one
  int map[MAX_RANK];
  for (int d = 0; d < spec->rank; d++) {
    bool is_fixed = fixed >> d & 1;
    map[d] = -1;
    if (spec->dims[d] == 1 && !is_fixed) continue;
    bool merges = p->rank > 0 && !is_fixed && !(fixed >> source[p->rank - 1] & 1);
    int last = p->rank > 0 ? source[p->rank - 1] : 0;
    if (merges && (spec->reduced_dims >> d & 1) != (spec->reduced_dims >> last & 1)) merges = false;
    for (int i = 0; merges && i < spec->input_count; i++)
      if (p->inputs[i].kind != OPERAND_KEY && spec->inputs[i].strides[last] != spec->inputs[i].strides[d] * spec->dims[d]) merges = false;
    for (int o = 0; merges && o < spec->output_count; o++) {
      if (spec->outputs[o].reduction != APUS_REDUCE_NONE && spec->reduced_dims >> d & 1) continue;
      if (spec->outputs[o].target.strides[last] != spec->outputs[o].target.strides[d] * spec->dims[d]) merges = false;
    }
    if (merges) {
      p->dims[p->rank - 1] *= spec->dims[d];
      source[p->rank - 1] = d;
    } else {
      p->dims[p->rank] = spec->dims[d];
      source[p->rank] = d;
      if (spec->reduced_dims >> d & 1) p->reduced |= 1u << p->rank;
      p->rank++;
    }
    map[d] = p->rank - 1;
  }
  if (p->rank == 0) {
    p->rank = 1;
    p->dims[0] = 1;
    source[0] = -1;
    for (int d = 0; d < spec->rank; d++) p->reduced |= (spec->reduced_dims >> d & 1);
  }
  for (int i = 0; i < spec->input_count; i++)
    for (int d = 0; d < p->rank; d++) p->inputs[i].strides[d] = source[d] < 0 ? 0 : spec->inputs[i].strides[source[d]];
  for (int o = 0; o < spec->output_count; o++)
    for (int d = 0; d < p->rank; d++) p->outputs[o].place.strides[d] = source[d] < 0 ? 0 : spec->outputs[o].target.strides[source[d]];
  for (int k = 0; k < spec->instruction_count; k++) {
    uint16_t op = spec->instructions[k].op;
    if (op == APUS_OP_IOTA_F32 || op == APUS_OP_IOTA_I64) p->instructions[k].code.a = (uint16_t)map[spec->instructions[k].a];
  }
}

static bool is_linear(const apus_fused *p, const int64_t *strides) {
  int64_t step = 1;
  for (int d = p->rank - 1; d >= 0; d--) {
    if (p->dims[d] != 1 && strides[d] != step) return false;
    step *= p->dims[d];
  }
  return true;
}

static void classify(const apus_fused *p, operand *o) {
  if (o->kind == OPERAND_KEY) return;
  bool constant_rows = true;
  for (int d = 0; d < p->rank - 1; d++)
    if (p->dims[d] != 1 && o->strides[d] != 0) constant_rows = false;
  int64_t inner = p->columns == 1 ? 0 : o->strides[p->rank - 1];
  if (constant_rows && inner == 0)
    o->kind = OPERAND_SCALAR;
  else if (is_linear(p, o->strides))
    o->kind = OPERAND_LINEAR;
  else if (constant_rows && p->rows > 1)
    o->kind = OPERAND_ROW;
  else
    o->kind = OPERAND_STRIDED;
}

/// Gives registers block memory, reusing that of registers nobody reads any more.
static void assign_slots(apus_fused *p) {
  int last_use[APUS_FUSED_MAX_REGISTERS];
  for (int r = 0; r < APUS_FUSED_MAX_REGISTERS; r++) last_use[r] = -1;
  for (int k = 0; k < p->instruction_count; k++) {
    const apus_fused_instruction *code = &p->instructions[k].code;
    uint16_t reads[3] = {code->a, code->b, code->c};
    for (int i = 0; i < operand_count(code->op); i++) last_use[reads[i]] = k;
  }
  for (int o = 0; o < p->output_count; o++) last_use[p->outputs[o].source] = p->instruction_count;

  int free_slots[APUS_FUSED_MAX_REGISTERS], free_count = 0;
  int slot_of[APUS_FUSED_MAX_REGISTERS];
  for (int i = 0; i < p->input_count; i++) {
    operand *input = &p->inputs[i];
    bool in_memory = input->kind == OPERAND_KEY || (input->kind == OPERAND_LINEAR && input->dtype != APUS_BF16 && input->dtype != APUS_U8 &&
                                                    input->dtype != APUS_BOOL);
    input->slot = in_memory ? -1 : p->slots++;
    input->last_use = last_use[i];
    slot_of[i] = input->slot;
  }
  // Blocks in memory may be overwritten by an output in the same place, so an output is written directly only after their last reading.
  int last_memory_read = -1;
  for (int i = 0; i < p->input_count; i++)
    if (p->inputs[i].slot < 0 && last_use[i] > last_memory_read) last_memory_read = last_use[i];

  for (int k = 0; k < p->instruction_count; k++) {
    instruction *step = &p->instructions[k];
    const apus_fused_instruction *code = &step->code;
    uint16_t reads[3] = {code->a, code->b, code->c};
    int count = operand_count(code->op);
    // Registers that die here give their memory to the result, except those brought in for all blocks.
    for (int i = 0; i < count; i++) {
      uint16_t r = reads[i];
      bool repeated = false;
      for (int j = 0; j < i; j++) repeated |= reads[j] == r;
      if (repeated || last_use[r] != k || slot_of[r] < 0) continue;
      if (r < p->input_count && p->inputs[r].kind != OPERAND_STRIDED && p->inputs[r].kind != OPERAND_LINEAR) continue;
      if (r >= p->input_count && p->instructions[p->definition[r]].code.op <= APUS_OP_CONSTANT_I64) continue;
      // Elements of another size would be overwritten before they are read.
      if (class_sizes[p->class_of[r]] != class_sizes[step->class]) continue;
      free_slots[free_count++] = slot_of[r];
      slot_of[r] = -1;
    }
    step->output = -1;
    if (code->op > APUS_OP_CONSTANT_I64) {
      for (int o = 0; o < p->output_count; o++) {
        output *out = &p->outputs[o];
        if (out->source == code->dst && out->reduction == APUS_REDUCE_NONE && out->is_linear && !out->direct && step->output < 0 &&
            k >= last_memory_read && element_sizes[out->target.dtype] == class_sizes[step->class] && out->target.dtype != APUS_BF16) {
          out->direct = 1;
          step->output = o;
        }
      }
    }
    if (step->output >= 0) {
      step->slot = -1;
    } else if (code->op <= APUS_OP_CONSTANT_I64) {
      step->slot = p->slots++;
    } else {
      step->slot = free_count > 0 ? free_slots[--free_count] : p->slots++;
    }
    slot_of[code->dst] = step->slot;
  }
}

/// Decides how the space is cut into parts: along a dimension that is kept, so that every accumulator belongs to one part, if there is one long
/// enough. The cut depends on the shape alone, hence so does the result.
static void choose_split(apus_fused *p) {
  p->cost = p->elements * (p->instruction_count + p->input_count + p->output_count);
  p->split = 0;
  for (int d = 0; d < p->rank; d++) {
    if (p->reduced_count > 0 && p->reduced >> d & 1) continue;
    bool inner = d == p->rank - 1;
    if (p->dims[d] >= (inner && p->rank > 1 ? 4096 : PARTS)) {
      p->split = d;
      break;
    }
  }
  p->parts = p->dims[p->split] < PARTS ? p->dims[p->split] : PARTS;
  if (p->parts < 1) p->parts = 1;
  if (p->cost < 64 * 1024) p->parts = 1;
  p->shares = p->reduced_count > 0 && (p->reduced >> p->split & 1) && p->parts > 1;
}

apus_fused *apus_fused_create(const apus_fused_spec *spec) {
  if (spec->rank < 0 || spec->rank > MAX_RANK) stop("rank %d", spec->rank);
  if (spec->input_count > APUS_FUSED_MAX_INPUTS || spec->output_count > APUS_FUSED_MAX_OUTPUTS ||
      spec->instruction_count > APUS_FUSED_MAX_INSTRUCTIONS)
    stop("%d inputs, %d instructions, %d outputs are too many", spec->input_count, spec->instruction_count, spec->output_count);
  apus_fused *p = calloc(1, sizeof *p);
  if (!p) stop("out of memory");
  const fused_bodies *bodies = apus_fused_bodies();
  p->input_count = spec->input_count;
  p->instruction_count = spec->instruction_count;
  p->output_count = spec->output_count;
  p->instructions = calloc((size_t)spec->instruction_count + 1, sizeof *p->instructions);
  if (!p->instructions) stop("out of memory");
  for (int r = 0; r < APUS_FUSED_MAX_REGISTERS; r++) p->class_of[r] = -1;

  for (int i = 0; i < spec->input_count; i++) {
    operand *input = &p->inputs[i];
    input->dtype = spec->inputs[i].dtype;
    input->element_size = element_sizes[input->dtype];
    input->class = class_of_dtype(input->dtype);
    input->offset = spec->inputs[i].offset;
    input->kind = OPERAND_LINEAR;
    p->class_of[i] = (int16_t)input->class;
    p->definition[i] = (int16_t)(-1 - i);
  }
  for (int k = 0; k < spec->instruction_count; k++) {
    const apus_fused_instruction *code = &spec->instructions[k];
    instruction *step = &p->instructions[k];
    step->code = *code;
    if (code->op >= APUS_OP_COUNT || code->dst >= APUS_FUSED_MAX_REGISTERS) stop("instruction %d is malformed", k);
    if (code->op == APUS_OP_RANDOM_BITS) {
      if (code->a >= spec->input_count) stop("instruction %d: the key %d is not an input", k, code->a);
      p->inputs[code->a].kind = OPERAND_KEY;
    }
    uint16_t reads[3] = {code->a, code->b, code->c};
    for (int i = 0; i < operand_count(code->op); i++)
      if (reads[i] >= APUS_FUSED_MAX_REGISTERS || p->class_of[reads[i]] < 0) stop("instruction %d reads register %d before it is written", k, reads[i]);
    if (p->class_of[code->dst] >= 0) stop("instruction %d writes register %d again", k, code->dst);
    step->class = result_class(p, code);
    p->class_of[code->dst] = (int16_t)step->class;
    p->definition[code->dst] = (int16_t)k;
    if (operand_count(code->op) > 0) {
      int class = code->op == APUS_OP_SELECT ? step->class : p->class_of[code->a];
      step->body = bodies->operations[code->op][class];
      if (!step->body) stop("instruction %d: operation %d does not exist for class %d", k, code->op, class);
      for (int i = 1; i < operand_count(code->op); i++)
        if (p->class_of[reads[i]] != class) stop("instruction %d: operands of classes %d and %d", k, class, p->class_of[reads[i]]);
    }
  }
  for (int o = 0; o < spec->output_count; o++) {
    output *out = &p->outputs[o];
    out->target = spec->outputs[o].target;
    out->source = spec->outputs[o].source;
    out->reduction = spec->outputs[o].reduction;
    if (out->source >= APUS_FUSED_MAX_REGISTERS || p->class_of[out->source] < 0) stop("output %d stores a register nothing writes", o);
    if (out->reduction != APUS_REDUCE_NONE) p->reduced_count++;
  }

  collapse_dimensions(p, spec);
  if (p->reduced_count == 0) p->reduced = 0;
  p->columns = p->dims[p->rank - 1];
  p->rows = 1;
  for (int d = 0; d < p->rank - 1; d++) p->rows *= p->dims[d];
  p->elements = p->rows * p->columns;
  for (int i = 0; i < p->input_count; i++) classify(p, &p->inputs[i]);
  for (int o = 0; o < p->output_count; o++) {
    output *out = &p->outputs[o];
    out->place.kind = OPERAND_LINEAR;
    out->place.dtype = out->target.dtype;
    out->place.element_size = element_sizes[out->target.dtype];
    out->place.offset = out->target.offset;
    out->is_linear = is_linear(p, out->place.strides);
  }
  assign_slots(p);

  p->kept = 1;
  for (int d = p->rank - 1; d >= 0; d--) {
    bool reduced = p->reduced >> d & 1;
    p->accumulator_strides[d] = reduced ? 0 : p->kept;
    if (!reduced) p->kept *= p->dims[d];
  }
  p->columns_reduced = p->reduced >> (p->rank - 1) & 1;
  int64_t accumulators = 0;
  for (int o = 0; o < p->output_count; o++) {
    if (p->outputs[o].reduction == APUS_REDUCE_NONE) continue;
    p->outputs[o].accumulator = accumulators;
    accumulators += p->kept;
  }
  choose_split(p);

  int64_t block = BLOCK_MEMORY / (8 * (p->slots > 0 ? p->slots : 1));
  block = block < 128 ? 128 : block > BLOCK_ELEMENTS ? BLOCK_ELEMENTS : block & ~(int64_t)63;
  if (p->columns * 2 <= block && p->split < p->rank - 1) {
    p->block_rows = block / (p->columns > 0 ? p->columns : 1);
    p->block = p->block_rows * p->columns;
  } else {
    p->block = block < p->columns ? block : p->columns;
  }
  if (p->block < 1) p->block = 1;
  return p;
}

size_t apus_fused_scratch_bytes(const apus_fused *p) {
  if (p->reduced_count == 0) return 0;
  int64_t copies = p->shares ? p->parts : 1;
  return (size_t)(copies * p->kept * p->reduced_count * 8);
}

void apus_fused_destroy(apus_fused *p) {
  if (!p) return;
  free(p->instructions);
  free(p);
}

// MARK: - Running

typedef struct {
  const apus_fused *program;
  void *const *pointers;
  char *scratch;
} run_context;

static char *block_memory(size_t bytes) {
  static _Thread_local char *memory;
  static _Thread_local size_t capacity;
  if (bytes > capacity) {
    free(memory);
    capacity = (bytes + 65535) & ~(size_t)65535;
    if (posix_memalign((void **)&memory, 64, capacity)) stop("out of memory");
  }
  return memory;
}

static void splat(void *result, const void *element, int size, int64_t count) {
  if (size == 4) {
    uint32_t value, *out = result;
    memcpy(&value, element, 4);
    for (int64_t i = 0; i < count; i++) out[i] = value;
  } else {
    uint64_t value, *out = result;
    memcpy(&value, element, 8);
    for (int64_t i = 0; i < count; i++) out[i] = value;
  }
}

/// Brings `count` elements `stride` apart into register memory.
static void bring(const fused_bodies *bodies, char *result, const operand *o, const char *source, int64_t stride, int64_t count) {
  int size = class_sizes[o->class];
  if (stride == 1) {
    bodies->load[o->dtype](result, source, NULL, NULL, count);
  } else if (stride == 0) {
    char element[8];
    bodies->load[o->dtype](element, source, NULL, NULL, 1);
    splat(result, element, size, count);
  } else if (size == 4 && o->element_size == 4) {
    const uint32_t *in = (const uint32_t *)source;
    uint32_t *out = (uint32_t *)result;
    for (int64_t i = 0; i < count; i++) out[i] = in[i * stride];
  } else if (size == 8) {
    const uint64_t *in = (const uint64_t *)source;
    uint64_t *out = (uint64_t *)result;
    for (int64_t i = 0; i < count; i++) out[i] = in[i * stride];
  } else {
    for (int64_t i = 0; i < count; i++)
      bodies->load[o->dtype](result + i * size, source + i * stride * o->element_size, NULL, NULL, 1);
  }
}

static void put(const fused_bodies *bodies, char *target, apus_dtype dtype, int64_t stride, const char *source, int class, int64_t count) {
  if (stride == 1) {
    bodies->store[dtype](target, source, NULL, NULL, count);
  } else {
    int size = element_sizes[dtype];
    if (size == 4) {
      const uint32_t *in = (const uint32_t *)source;
      uint32_t *out = (uint32_t *)target;
      for (int64_t i = 0; i < count; i++) out[i * stride] = in[i];
    } else if (size == 8) {
      const uint64_t *in = (const uint64_t *)source;
      uint64_t *out = (uint64_t *)target;
      for (int64_t i = 0; i < count; i++) out[i * stride] = in[i];
    } else {
      for (int64_t i = 0; i < count; i++)
        bodies->store[dtype](target + i * stride * size, source + i * class_sizes[class], NULL, NULL, 1);
    }
  }
}

static int64_t row_offset(const apus_fused *p, const int64_t *strides, const int64_t *position) {
  int64_t offset = 0;
  for (int d = 0; d < p->rank - 1; d++) offset += position[d] * strides[d];
  return offset;
}

static void advance_row(const apus_fused *p, int64_t *position, const int64_t *low, const int64_t *high) {
  for (int d = p->rank - 2; d >= 0; d--) {
    if (++position[d] < high[d]) return;
    position[d] = low[d];
  }
}

static void initialise(const apus_fused *p, char *accumulators) {
  for (int o = 0; o < p->output_count; o++) {
    const output *out = &p->outputs[o];
    if (out->reduction == APUS_REDUCE_NONE) continue;
    bool is_float = p->class_of[out->source] <= CLASS_F64;
    union { double f; int64_t i; } start = {.i = 0};
    apus_dtype dtype = out->target.dtype;
    int64_t lowest = dtype == APUS_I32 ? INT32_MIN : dtype == APUS_I64 ? INT64_MIN : 0;
    int64_t highest = dtype == APUS_I32 ? INT32_MAX : dtype == APUS_I64 ? INT64_MAX : dtype == APUS_U8 ? 255 : 1;
    switch (out->reduction) {
      case APUS_REDUCE_PRODUCT: is_float ? (start.f = 1) : (start.i = 1); break;
      case APUS_REDUCE_MAX: is_float ? (start.f = -__builtin_inf()) : (start.i = lowest); break;
      case APUS_REDUCE_MIN: is_float ? (start.f = __builtin_inf()) : (start.i = highest); break;
      default: break;
    }
    splat(accumulators + out->accumulator * 8, &start, 8, p->kept);
  }
}

/// Runs the part of the space whose coordinate along the split dimension lies in `begin ..< end`.
static void run_part(const apus_fused *p, void *const *pointers, char *accumulators, int64_t begin, int64_t end) {
  const fused_bodies *bodies = apus_fused_bodies();
  int64_t low[MAX_RANK] = {0}, high[MAX_RANK], position[MAX_RANK];
  int64_t rows = 1;
  for (int d = 0; d < p->rank; d++) high[d] = p->dims[d];
  low[p->split] = begin;
  high[p->split] = end;
  for (int d = 0; d < p->rank - 1; d++) rows *= high[d] - low[d];
  for (int d = 0; d < p->rank; d++) position[d] = low[d];
  int last = p->rank - 1;
  int64_t first_column = low[last], columns = high[last] - low[last];
  if (rows <= 0 || columns <= 0) return;
  int64_t run = 1;
  for (int d = p->split; d < p->rank - 1; d++) run *= high[d] - low[d];

  int64_t block = p->block_rows ? (p->block_rows < rows ? p->block_rows : rows) * columns : (p->block < columns ? p->block : columns);
  int64_t slot_bytes = (block * 8 + 63) & ~(int64_t)63;
  char *memory = block_memory((size_t)(slot_bytes * p->slots + 64));
#define SLOT(s) (memory + (s) * slot_bytes)

  // Register addresses; those of operands in memory and of direct outputs move with the block.
  char *address[APUS_FUSED_MAX_REGISTERS];
  for (int i = 0; i < p->input_count; i++) {
    const operand *input = &p->inputs[i];
    if (input->slot < 0) continue;
    address[i] = SLOT(input->slot);
    if (input->kind == OPERAND_SCALAR)
      bring(bodies, address[i], input, (const char *)pointers[i] + input->offset * input->element_size, 0, block);
    else if (input->kind == OPERAND_ROW && p->block_rows) {
      const char *source = (const char *)pointers[i] + (input->offset + first_column * input->strides[last]) * input->element_size;
      int64_t row_bytes = columns * class_sizes[input->class];
      bring(bodies, address[i], input, source, input->strides[last], columns);
      for (int64_t r = 1; r < block / columns; r++) memcpy(address[i] + r * row_bytes, address[i], (size_t)row_bytes);
    }
  }
  for (int k = 0; k < p->instruction_count; k++) {
    const instruction *step = &p->instructions[k];
    if (step->slot >= 0) address[step->code.dst] = SLOT(step->slot);
    if (step->code.op > APUS_OP_CONSTANT_I64) continue;
    union { float f; double d; int32_t i; int64_t l; } value;
    switch (step->code.op) {
      case APUS_OP_CONSTANT_F32: value.f = (float)step->code.immediate; break;
      case APUS_OP_CONSTANT_F64: value.d = step->code.immediate; break;
      case APUS_OP_CONSTANT_I32: value.i = (int32_t)step->code.integer; break;
      default: value.l = step->code.integer; break;
    }
    splat(address[step->code.dst], &value, class_sizes[step->class], block);
  }

  int64_t row = 0, column = 0;
  while (row < rows) {
    int64_t block_rows = 1, block_columns = columns - column;
    if (p->block_rows) {
      // Rows follow each other in memory until the split dimension reaches the end of its part.
      int64_t contiguous = run - row % run;
      block_rows = contiguous < p->block_rows ? contiguous : p->block_rows;
    } else if (block_columns > block) {
      block_columns = block;
    }
    int64_t count = block_rows * block_columns;
    int64_t start_column = first_column + column;
    int64_t flat = start_column;
    {
      int64_t step = p->columns;
      for (int d = last - 1; d >= 0; d--) {
        flat += position[d] * step;
        step *= p->dims[d];
      }
    }

    for (int i = 0; i < p->input_count; i++) {
      const operand *input = &p->inputs[i];
      const char *base = (const char *)pointers[i] + input->offset * input->element_size;
      switch (input->kind) {
        case OPERAND_LINEAR:
          if (input->slot < 0)
            address[i] = (char *)base + flat * input->element_size;
          else
            bodies->load[input->dtype](address[i], base + flat * input->element_size, NULL, NULL, count);
          break;
        case OPERAND_ROW:
          if (!p->block_rows) {
            const char *source = base + start_column * input->strides[last] * input->element_size;
            if (input->strides[last] == 1 && input->element_size == class_sizes[input->class] && input->dtype != APUS_BF16)
              address[i] = (char *)source;
            else
              bring(bodies, SLOT(input->slot), input, source, input->strides[last], count);
          }
          break;
        case OPERAND_STRIDED: {
          int64_t where[MAX_RANK];
          memcpy(where, position, sizeof where);
          int64_t row_bytes = block_columns * class_sizes[input->class];
          if (block_rows == 1) {
            int64_t offset = row_offset(p, input->strides, where) + start_column * input->strides[last];
            const char *source = base + offset * input->element_size;
            if (input->strides[last] == 1 && input->element_size == class_sizes[input->class] && input->dtype != APUS_BF16)
              address[i] = (char *)source;
            else {
              address[i] = SLOT(input->slot);
              bring(bodies, address[i], input, source, input->strides[last], count);
            }
            break;
          }
          address[i] = SLOT(input->slot);
          for (int64_t r = 0; r < block_rows; r++) {
            int64_t offset = row_offset(p, input->strides, where) + start_column * input->strides[last];
            bring(bodies, address[i] + r * row_bytes, input, base + offset * input->element_size, input->strides[last], block_columns);
            advance_row(p, where, low, high);
          }
          break;
        }
        default: break;
      }
    }

    for (int k = 0; k < p->instruction_count; k++) {
      const instruction *step = &p->instructions[k];
      const apus_fused_instruction *code = &step->code;
      if (code->op <= APUS_OP_CONSTANT_I64) continue;
      if (step->output >= 0) {
        const output *out = &p->outputs[step->output];
        address[code->dst] = (char *)pointers[p->input_count + step->output] + (out->place.offset + flat) * out->place.element_size;
      }
      char *result = address[code->dst];
      if (step->body) {
        int operands = operand_count(code->op);
        step->body(result, address[code->a], operands > 1 ? address[code->b] : NULL, operands > 2 ? address[code->c] : NULL, count);
      } else if (code->op == APUS_OP_RANDOM_BITS) {
        int64_t key[2];
        memcpy(key, (const char *)pointers[code->a] + p->inputs[code->a].offset * 8, sizeof key);
        bodies->random_bits((int32_t *)result, key[0], key[1], flat + code->integer, count);
      } else {
        int64_t where[MAX_RANK];
        memcpy(where, position, sizeof where);
        for (int64_t r = 0; r < block_rows; r++) {
          for (int64_t i = 0; i < block_columns; i++) {
            int64_t index = code->a == last ? start_column + i : where[code->a];
            if (code->op == APUS_OP_IOTA_F32)
              ((float *)result)[r * block_columns + i] = (float)index;
            else
              ((int64_t *)result)[r * block_columns + i] = index;
          }
          advance_row(p, where, low, high);
        }
      }
    }

    for (int o = 0; o < p->output_count; o++) {
      const output *out = &p->outputs[o];
      const char *source = address[out->source];
      int class = p->class_of[out->source];
      char *target = (char *)pointers[p->input_count + o] + out->place.offset * out->place.element_size;
      if (out->reduction == APUS_REDUCE_NONE) {
        if (out->direct) continue;
        if (out->is_linear) {
          bodies->store[out->place.dtype](target + flat * out->place.element_size, source, NULL, NULL, count);
          continue;
        }
        int64_t where[MAX_RANK];
        memcpy(where, position, sizeof where);
        for (int64_t r = 0; r < block_rows; r++) {
          int64_t offset = row_offset(p, out->place.strides, where) + start_column * out->place.strides[last];
          put(bodies, target + offset * out->place.element_size, out->place.dtype, out->place.strides[last],
              source + r * block_columns * class_sizes[class], class, block_columns);
          advance_row(p, where, low, high);
        }
        continue;
      }
      int64_t where[MAX_RANK];
      memcpy(where, position, sizeof where);
      char *held = accumulators + out->accumulator * 8;
      if (p->columns_reduced && p->rank == 1) {
        bodies->collapse[class][out->reduction](held, source, NULL, NULL, count);
        continue;
      }
      for (int64_t r = 0; r < block_rows; r++) {
        int64_t index = row_offset(p, p->accumulator_strides, where);
        const char *values = source + r * block_columns * class_sizes[class];
        if (p->columns_reduced)
          bodies->collapse[class][out->reduction](held + index * 8, values, NULL, NULL, block_columns);
        else
          bodies->accumulate[class][out->reduction](held + (index + start_column) * 8, values, NULL, NULL, block_columns);
        advance_row(p, where, low, high);
      }
    }

    if (p->block_rows) {
      for (int64_t r = 0; r < block_rows; r++) advance_row(p, position, low, high);
      row += block_rows;
    } else {
      column += block_columns;
      if (column == columns) {
        column = 0;
        row++;
        advance_row(p, position, low, high);
      }
    }
  }
#undef SLOT
}

static void run_parts(void *context, int64_t begin, int64_t end) {
  const run_context *run = context;
  const apus_fused *p = run->program;
  for (int64_t part = begin; part < end; part++) {
    char *accumulators = run->scratch + (p->shares ? part * p->kept * p->reduced_count * 8 : 0);
    if (p->shares) initialise(p, accumulators);
    int64_t extent = p->dims[p->split];
    run_part(p, run->pointers, accumulators, extent * part / p->parts, extent * (part + 1) / p->parts);
  }
}

/// Combines the parts' accumulators in their order and stores the results.
static void finish_reductions(const apus_fused *p, void *const *pointers, char *scratch) {
  const fused_bodies *bodies = apus_fused_bodies();
  int64_t part_bytes = p->kept * p->reduced_count * 8;
  for (int o = 0; o < p->output_count; o++) {
    const output *out = &p->outputs[o];
    if (out->reduction == APUS_REDUCE_NONE) continue;
    int class = p->class_of[out->source] <= CLASS_F64 ? CLASS_F64 : CLASS_I64;
    char *held = scratch + out->accumulator * 8;
    for (int64_t part = 1; p->shares && part < p->parts; part++)
      bodies->accumulate[class][out->reduction](held, held + part * part_bytes, NULL, NULL, p->kept);

    // Through the dtype's register class into memory, row by row of the kept dimensions.
    int target_class = class_of_dtype(out->place.dtype);
    uint16_t cast = target_class == CLASS_F32 ? APUS_OP_TO_F32 : target_class == CLASS_F64 ? APUS_OP_TO_F64 : target_class == CLASS_I32 ? APUS_OP_TO_I32 : APUS_OP_TO_I64;
    fused_body convert = bodies->operations[cast][class];
    int64_t columns = p->columns_reduced ? 1 : p->columns;
    int last = p->rank - 1;
    int64_t position[MAX_RANK] = {0};
    char *target = (char *)pointers[p->input_count + o] + out->place.offset * out->place.element_size;
    int64_t rows = columns == 0 ? 0 : p->kept / columns;
    int64_t inner_stride = p->columns_reduced ? 1 : out->place.strides[last];
    for (int64_t row = 0; row < rows; row++) {
      int64_t offset = 0;
      for (int d = 0; d < last; d++)
        if (!(p->reduced >> d & 1)) offset += position[d] * out->place.strides[d];
      char converted[512 * 8];
      for (int64_t done = 0; done < columns; done += 512) {
        int64_t count = columns - done < 512 ? columns - done : 512;
        convert(converted, held + (row * columns + done) * 8, NULL, NULL, count);
        put(bodies, target + (offset + done * inner_stride) * out->place.element_size, out->place.dtype, count == 1 ? 1 : inner_stride, converted,
            target_class, count);
      }
      for (int d = last - 1; d >= 0; d--) {
        if (p->reduced >> d & 1) continue;
        if (++position[d] < p->dims[d]) break;
        position[d] = 0;
      }
    }
  }
}

void apus_fused_run(const apus_fused *p, void *const *pointers) {
  char *scratch = pointers[p->input_count + p->output_count];
  if (p->reduced_count > 0 && !p->shares) initialise(p, scratch);
  if (p->parts == 1) {
    if (p->elements > 0) run_part(p, pointers, scratch, 0, p->dims[p->split]);
  } else {
    run_context context = {p, pointers, scratch};
    apus_parallel_for(p->parts, p->cost * 4, run_parts, &context);
  }
  if (p->reduced_count > 0) finish_reductions(p, pointers, scratch);
}
