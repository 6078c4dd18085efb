// The loop over blocks when a program runs.
#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"
#include "fused_program.h"

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
    if (posix_memalign((void **)&memory, 64, capacity)) apus_fused_stop("out of memory");
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
    int size = apus_dtype_size(dtype);
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
    static const uint16_t casts[CLASS_COUNT] = {
      [CLASS_F32] = APUS_OP_TO_F32, [CLASS_F64] = APUS_OP_TO_F64, [CLASS_I32] = APUS_OP_TO_I32, [CLASS_I64] = APUS_OP_TO_I64};
    uint16_t cast = casts[target_class];
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
