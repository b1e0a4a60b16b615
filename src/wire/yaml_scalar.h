/*
 * yaml_scalar.h - what a plain scalar of YAML means, by the core schema of
 * YAML 1.2.2 (chapter 10.3), and how a string is written so that it stays one.
 */
#ifndef WIRE_YAML_SCALAR_H
#define WIRE_YAML_SCALAR_H

struct node;

/* Set kind and value of a plain scalar by its text; NODE_STRING by default. */
void yaml_resolve(struct node *n);

#endif
