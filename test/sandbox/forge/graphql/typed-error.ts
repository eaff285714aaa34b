import { GraphQLError } from 'graphql';

/** An error with GitHub's word for what went wrong beside the message. */
export class TypedError extends GraphQLError {
  constructor(type: string, message: string) {
    super(message, { extensions: { type } });
  }
}
