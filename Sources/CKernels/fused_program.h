// A program of the block machine as its analysis leaves it and its runs follow it.
//
// The iteration space is seen as rows of the innermost (collapsed) dimension. A block is a piece of one row where rows are long, and
// several whole rows where they are short. Operands that lie contiguously are used where they are; others are brought into
// the block's registers, once for all blocks where they do not change.
#ifndef APUS_FUSED_PROGRAM_H
#define APUS_FUSED_PROGRAM_H

#include <stdbool.h>

#include "apus_fused.h"
#include "fused_bodies.h"

enum { MAX_RANK = APUS_FUSED_MAX_RANK };

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

static const int class_sizes[CLASS_COUNT] = {4, 8, 4, 8};

static inline int class_of_dtype(apus_dtype dtype) {
  switch (dtype) {
    case APUS_F32:
    case APUS_BF16: return CLASS_F32;
    case APUS_F64: return CLASS_F64;
    case APUS_I64: return CLASS_I64;
    default: return CLASS_I32;
  }
}

static inline int operand_count(uint16_t op) {
  if (op <= APUS_OP_RANDOM_BITS) return 0;
  if (op == APUS_OP_UNIFORM_F64) return 2;
  if (op < APUS_OP_ADD) return 1;
  return op >= APUS_OP_SELECT ? 3 : 2;
}

/// A program that no compiler of ours makes: says why and ends the process.
__attribute__((noreturn, format(printf, 1, 2))) void apus_fused_stop(const char *format, ...);

#endif
