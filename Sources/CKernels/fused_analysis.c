// Analysis of a program when it is created: dimensions are collapsed, operands classified, registers placed, the space cut into parts.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fused_program.h"

enum {
  /// Elements of a block at most, and bytes that all registers of a block should take together.
  BLOCK_ELEMENTS = 1024,
  BLOCK_MEMORY = 40 * 1024,
  /// Pieces a large space is cut into, whatever the number of threads.
  PARTS = 16,
};

void apus_fused_stop(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("fused program: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
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
            k >= last_memory_read && apus_dtype_size(out->target.dtype) == class_sizes[step->class] && out->target.dtype != APUS_BF16) {
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

/// Decides how the space is cut into parts: along a dimension that is kept, so that every accumulator belongs to one part, if there is one
/// long enough. The cut depends on the shape alone, hence so does the result.
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
  if (spec->rank < 0 || spec->rank > MAX_RANK) apus_fused_stop("rank %d", spec->rank);
  if (spec->input_count > APUS_FUSED_MAX_INPUTS || spec->output_count > APUS_FUSED_MAX_OUTPUTS ||
      spec->instruction_count > APUS_FUSED_MAX_INSTRUCTIONS)
    apus_fused_stop("%d inputs, %d instructions, %d outputs are too many", spec->input_count, spec->instruction_count, spec->output_count);
  apus_fused *p = calloc(1, sizeof *p);
  if (!p) apus_fused_stop("out of memory");
  const fused_bodies *bodies = apus_fused_bodies();
  p->input_count = spec->input_count;
  p->instruction_count = spec->instruction_count;
  p->output_count = spec->output_count;
  p->instructions = calloc((size_t)spec->instruction_count + 1, sizeof *p->instructions);
  if (!p->instructions) apus_fused_stop("out of memory");
  for (int r = 0; r < APUS_FUSED_MAX_REGISTERS; r++) p->class_of[r] = -1;

  for (int i = 0; i < spec->input_count; i++) {
    operand *input = &p->inputs[i];
    input->dtype = spec->inputs[i].dtype;
    input->element_size = apus_dtype_size(input->dtype);
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
    if (code->op >= APUS_OP_COUNT || code->dst >= APUS_FUSED_MAX_REGISTERS) apus_fused_stop("instruction %d is malformed", k);
    if (code->op == APUS_OP_RANDOM_BITS) {
      if (code->a >= spec->input_count) apus_fused_stop("instruction %d: the key %d is not an input", k, code->a);
      p->inputs[code->a].kind = OPERAND_KEY;
    }
    uint16_t reads[3] = {code->a, code->b, code->c};
    for (int i = 0; i < operand_count(code->op); i++)
      if (reads[i] >= APUS_FUSED_MAX_REGISTERS || p->class_of[reads[i]] < 0)
        apus_fused_stop("instruction %d reads register %d before it is written", k, reads[i]);
    if (p->class_of[code->dst] >= 0) apus_fused_stop("instruction %d writes register %d again", k, code->dst);
    step->class = result_class(p, code);
    p->class_of[code->dst] = (int16_t)step->class;
    p->definition[code->dst] = (int16_t)k;
    if (operand_count(code->op) > 0) {
      int class = code->op == APUS_OP_SELECT ? step->class : p->class_of[code->a];
      step->body = bodies->operations[code->op][class];
      if (!step->body) apus_fused_stop("instruction %d: operation %d does not exist for class %d", k, code->op, class);
      for (int i = 1; i < operand_count(code->op); i++)
        if (p->class_of[reads[i]] != class)
          apus_fused_stop("instruction %d: operands of classes %d and %d", k, class, p->class_of[reads[i]]);
    }
  }
  for (int o = 0; o < spec->output_count; o++) {
    output *out = &p->outputs[o];
    out->target = spec->outputs[o].target;
    out->source = spec->outputs[o].source;
    out->reduction = spec->outputs[o].reduction;
    if (out->source >= APUS_FUSED_MAX_REGISTERS || p->class_of[out->source] < 0)
      apus_fused_stop("output %d stores a register nothing writes", o);
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
    out->place.element_size = apus_dtype_size(out->target.dtype);
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
